import { ClusterError } from '../../runtime/base/errors.ts'
import type { SecretKind } from './settings-store.ts'

/**
 * Keeps secrets under keys such as `password:user@host:22` and `passphrase:/path/of/key`. Neither its text form nor its JSON shows a value.
 * All throw ClusterError `secrets.locked` while it is not open, and `bad-argument` for a key or value beyond the limits.
 */
export type SecretStore = {
  readonly kind: SecretKind
  readonly isOpen: boolean
  get(key: string): Promise<string | undefined>
  /** @throws ClusterError `limit.reached` beyond 4,096 secrets */
  set(key: string, value: string): Promise<void>
  /** False: there was none. */
  delete(key: string): Promise<boolean>
  /** Keys only. */
  list(): Promise<string[]>
}

export const maxSecrets = 4_096
const maxKeyLength = 1_024
const maxValueLength = 65_536

/** `password`: of a user on a host; `passphrase`: of a key file of this computer. */
export const passwordKey = (target: { user: string; host: string; port: number }): string =>
  `password:${target.user}@${target.host}:${target.port}`
export const passphraseKey = (keyFile: string): string => `passphrase:${keyFile}`
/** Of the head of a Ray cluster. */
export const rayTokenKey = (clusterId: string): string => `token:${clusterId}`

const keyForm = /^(password|passphrase|token):\P{Cc}+$/u

/** The message never holds the value. */
export function checkSecret(key: string, value = ''): void {
  if (key.length > maxKeyLength || !keyForm.test(key)) {
    throw new ClusterError(
      'bad-argument',
      `${JSON.stringify(key.slice(0, 200))} is no key of a secret: these are password:user@host:port, passphrase:/path/of/key and token:CLUSTER-ID`,
    )
  }
  if (value.length > maxValueLength) {
    throw new ClusterError('bad-argument', `the secret for ${key} has ${value.length} characters; at most ${maxValueLength} are kept`)
  }
}

export function checkRoom(count: number): void {
  if (count >= maxSecrets)
    throw new ClusterError('limit.reached', `${count} secrets are kept already, and that is the most. Delete some first.`)
}

/** Stores nothing: what it holds is gone when the panel ends. */
export function createMemorySecrets(): SecretStore {
  const secrets = new Map<string, string>() // held by the closures below alone, so that no printing of the store shows it
  return {
    kind: 'memory',
    isOpen: true,
    get: async (key) => secrets.get(key),
    async set(key, value) {
      checkSecret(key, value)
      if (!secrets.has(key)) checkRoom(secrets.size)
      secrets.set(key, value)
    },
    delete: async (key) => secrets.delete(key),
    list: async () => [...secrets.keys()].sort(),
  }
}
