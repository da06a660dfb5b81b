import * as z from 'zod'
import { ClusterError } from '../../runtime/base/errors.ts'
import type { DataFolder } from './data-folder.ts'
import { inOrder } from './in-order.ts'
import { JsonFile } from './json-file.ts'
import { createKeychainSecrets, type KeyNames, whyNoKeychain } from './keychain.ts'
import { createMemorySecrets, maxSecrets, type SecretStore } from './secret-store.ts'
import type { SecretKind, SettingsStore } from './settings-store.ts'
import { openVaultFile, type Vault } from './vault.ts'

/** The secrets of the panel, of the kind that the settings name. */
export type Secrets = SecretStore & {
  readonly warnings: readonly string[]
  /** There whatever the kind is: it is unlocked through it. */
  readonly vault: Vault
  /**
   * Moves all secrets into a store of another kind and makes it the one that is used. The old one loses them only when the new one has all.
   * Passphrase: to open or to make the vault, when it is the new kind and not open.
   * @throws ClusterError `secrets.locked` when the vault is the old kind and closed; `not-supported` when this computer has no keychain that can be used
   */
  changeKind(kind: SecretKind, passphrase?: string): Promise<void>
}

export async function openSecrets(folder: DataFolder, settings: SettingsStore): Promise<Secrets> {
  const vault = await openVaultFile(folder.file('vault.json'))
  const { names, warning } = await openKeyNames(folder.file('keychain-names.json'))
  const stores: Record<SecretKind, SecretStore> = { memory: createMemorySecrets(), vault, keychain: createKeychainSecrets(names) }
  const current = (): SecretStore => stores[settings.settings.secrets]
  const changeKind = async (kind: SecretKind, passphrase?: string) => {
    if (kind === current().kind) return
    await makeReady(kind, vault, passphrase)
    await moveAll(current(), stores[kind], () => settings.update({ secrets: kind }))
  }
  const oneByOne = inOrder()
  return {
    vault,
    warnings: [vault.warning, warning].filter((each) => each !== undefined),
    get kind() {
      return current().kind
    },
    get isOpen() {
      return current().isOpen
    },
    get: (key) => current().get(key),
    set: (key, value) => current().set(key, value),
    delete: (key) => current().delete(key),
    list: () => current().list(),
    changeKind: (kind, passphrase) => oneByOne(() => changeKind(kind, passphrase)), // two at once would move the same secrets twice
  }
}

async function makeReady(kind: SecretKind, vault: Vault, passphrase: string | undefined): Promise<void> {
  if (kind === 'keychain') {
    const why = await whyNoKeychain()
    if (why !== undefined) throw new ClusterError('not-supported', `secrets cannot be kept in the keychain: ${why}`)
  }
  if (kind !== 'vault' || vault.isOpen) return
  if (passphrase === undefined) throw new ClusterError('secrets.locked', 'a vault needs a passphrase: give one')
  await (vault.exists ? vault.unlock(passphrase) : vault.create(passphrase))
}

/** When this is cut off in the middle, both have some, and the settings name one that has all. */
async function moveAll(from: SecretStore, to: SecretStore, use: () => Promise<unknown>): Promise<void> {
  const keys = await from.list()
  for (const key of keys) {
    const value = await from.get(key)
    if (value === undefined) continue
    await to.set(key, value)
    if ((await to.get(key)) !== value)
      throw new ClusterError('store.corrupt', `the ${to.kind} did not give back what was put there for ${key}; nothing was moved`)
  }
  await use()
  for (const key of keys) await from.delete(key)
}

async function openKeyNames(path: string): Promise<{ names: KeyNames; warning: string | undefined }> {
  const file = await JsonFile.open<string[]>({ path, schema: z.array(z.string().max(1_024)).max(maxSecrets), version: 1, empty: () => [] })
  const names: KeyNames = {
    list: () => file.data,
    add: async (key) => void (await file.update((keys) => (keys.includes(key) ? keys : [...keys, key]))),
    remove: async (key) => void (await file.update((keys) => keys.filter((each) => each !== key))),
  }
  return { names, warning: file.warning }
}
