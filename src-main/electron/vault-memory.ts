import { safeStorage } from 'electron'
import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { ClusterError } from '../../runtime/base/errors.ts'
import type { Logger } from '../../runtime/base/logger.ts'
import type { VaultMemory } from '../contract/desktop-bridge.ts'
import { writeFileSafely } from '../storage/write-file-safely.ts'
import type { PanelWatch } from './panel-watch.ts'

type Client = NonNullable<PanelWatch['client']>

/**
 * The passphrase of the vault, sealed with a key of the system's keychain, so that the vault opens when the desktop starts. The vault's file
 * stays what it is: it can be taken to another computer and opened there by hand.
 */
export class KeptPassphrase {
  readonly #file: string
  readonly #logger: Logger

  constructor(file: string, logger: Logger) {
    this.#file = file
    this.#logger = logger
  }

  status(): VaultMemory {
    const why = whyNoKeychain()
    return { canRemember: why === null, why, isRemembered: existsSync(this.#file) }
  }

  /** @throws ClusterError `not-supported` without a keychain; those of `secrets.unlock` for a wrong one, which is not kept */
  async remember(client: Client, passphrase: string): Promise<VaultMemory> {
    const why = whyNoKeychain()
    if (why !== null) throw new ClusterError('not-supported', `the passphrase cannot be remembered: ${why}`)
    await client.call('secrets.unlock', { passphrase })
    await writeFileSafely(this.#file, safeStorage.encryptString(passphrase))
    return this.status()
  }

  async forget(): Promise<VaultMemory> {
    await rm(this.#file, { force: true })
    return this.status()
  }

  /** Opens the vault where it is in use and shut, and a passphrase was kept. One that is not right any more is forgotten. */
  async openVault(client: Client): Promise<void> {
    if (!existsSync(this.#file) || whyNoKeychain() !== null) return
    const { kind, isOpen } = await client.call('secrets.status', {})
    if (kind !== 'vault' || isOpen) return
    try {
      await client.call('secrets.unlock', { passphrase: safeStorage.decryptString(await readFile(this.#file)) })
    } catch (error) {
      const isWrong = !(error instanceof ClusterError) || error.code === 'auth.refused' // the first: sealed with a key that the keychain has lost
      this.#logger.warn('desktop.vault-stays-shut', { isForgotten: isWrong })
      if (isWrong) await this.forget()
    }
  }
}

/** `basic_text` is a key that stands in every copy of Electron: no secret. */
function whyNoKeychain(): string | null {
  if (!safeStorage.isEncryptionAvailable())
    return 'this computer has no keychain that answers, such as GNOME Keyring or KWallet; unlock it, or open the vault by hand'
  const backend = process.platform === 'linux' ? safeStorage.getSelectedStorageBackend() : 'system'
  return backend === 'basic_text'
    ? 'there is no keychain behind this desktop, only a key that everybody knows; open the vault by hand'
    : null
}
