import type { AsyncEntry, EntryOptions } from '@napi-rs/keyring'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ClusterError } from '../../runtime/base/errors.ts'
import { checkRoom, checkSecret, type SecretStore } from './secret-store.ts'

const service = 'shoal'
/** Without it the library falls back to the kernel's keyring, which forgets all at a restart and says nothing of it. */
const options: EntryOptions = { linux: { store: 'secret-service' } }
/** A service that hangs, or that waits for a person to unlock it who is not there. */
const timeoutMs = 20_000

/**
 * The names of what was put there. The keychain is shared with other programs and searching it hands out values,
 * so which keys are ours is kept beside it.
 */
export type KeyNames = { list(): readonly string[]; add(key: string): Promise<void>; remove(key: string): Promise<void> }

/** The keychain of the operating system. Each call may ask the person to unlock it. */
export function createKeychainSecrets(names: KeyNames): SecretStore {
  return {
    kind: 'keychain',
    isOpen: true,
    async get(key) {
      if (!names.list().includes(key)) return undefined
      return (await onEntry(key, 'read', (entry) => entry.getPassword())) ?? undefined
    },
    async set(key, value) {
      checkSecret(key, value)
      if (!names.list().includes(key)) checkRoom(names.list().length)
      await names.add(key) // first: a name without a value harms nobody, a value without a name would stay for ever
      await onEntry(key, 'write', (entry) => entry.setPassword(value))
    },
    async delete(key) {
      if (!names.list().includes(key)) return false
      const wasThere = await onEntry(key, 'delete', (entry) => entry.deleteCredential())
      await names.remove(key)
      return wasThere
    },
    list: async () => [...names.list()].sort(),
  }
}

/** In plain words why the keychain cannot be used here, and what to do; undefined when it can. Reads nothing of anybody's. */
export async function whyNoKeychain(): Promise<string | undefined> {
  if (process.platform === 'linux' && !hasSessionBus()) {
    return 'there is no D-Bus session here, as on a server without a desktop, and the keychain is behind it. Keep secrets in a vault with a passphrase, or in memory only.'
  }
  try {
    await onEntry('passphrase:is-there-a-keychain', 'read', (entry) => entry.getPassword())
    return undefined
  } catch (error) {
    return error instanceof ClusterError ? error.message : String(error)
  }
}

function hasSessionBus(): boolean {
  if (process.env['DBUS_SESSION_BUS_ADDRESS']) return true
  const runtimeDir = process.env['XDG_RUNTIME_DIR']
  return runtimeDir !== undefined && existsSync(join(runtimeDir, 'bus'))
}

async function onEntry<T>(key: string, verb: 'read' | 'write' | 'delete', work: (entry: AsyncEntry) => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const text = `the keychain of this computer did not answer within ${timeoutMs / 1_000} s. See whether it asks for its password, and try again.`
    timer = setTimeout(() => reject(new ClusterError('secrets.locked', text)), timeoutMs)
  })
  try {
    const { AsyncEntry: Entry } = await import('@napi-rs/keyring') // only who uses it pays for it, and where it cannot load the rest goes on
    return await Promise.race([work(new Entry(service, key, options)), late])
  } catch (error) {
    if (error instanceof ClusterError) throw error
    const why = error instanceof Error ? error.message : String(error) // the library's own words: they hold no values
    throw new ClusterError(
      'secrets.locked',
      `the keychain of this computer could not ${verb} ${key}: ${why}. Unlock it, or keep secrets in a vault with a passphrase.`,
    )
  } finally {
    clearTimeout(timer)
  }
}
