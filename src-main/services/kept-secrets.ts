import type { SecretStore } from '../storage/secret-store.ts'

/** Answers that were given before. All are held in memory until the panel ends, so that a machine comes back by itself after a broken link. */
export type KeptSecrets = {
  /** Whether an answer can also be kept for good: a keychain or an open vault is in use. */
  canKeep(): boolean
  /** Undefined for what is not there, and while the store is shut. */
  find(key: string): Promise<string | undefined>
  keep(key: string, secret: string, isForGood: boolean): Promise<void>
  /** It was wrong. */
  forget(key: string): Promise<void>
}

const heldAtMost = 4_096

export function createKeptSecrets(store: SecretStore): KeptSecrets {
  const held = new Map<string, string>()
  const isLasting = () => store.kind !== 'memory' && store.isOpen
  return {
    canKeep: isLasting,
    async find(key) {
      return held.get(key) ?? (isLasting() ? store.get(key) : undefined)
    },
    async keep(key, secret, isForGood) {
      if (held.size < heldAtMost) held.set(key, secret)
      if (isForGood && isLasting()) await store.set(key, secret)
    },
    async forget(key) {
      held.delete(key)
      if (isLasting()) await store.delete(key)
    },
  }
}
