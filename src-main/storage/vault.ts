import * as z from 'zod'
import { ClusterError } from '../../runtime/base/errors.ts'
import { inOrder } from './in-order.ts'
import { JsonFile } from './json-file.ts'
import { createPassphraseGate } from './passphrase-gate.ts'
import { checkRoom, checkSecret, maxSecrets, type SecretStore } from './secret-store.ts'
import { deriveKey, newSalt, open, seal, Sealed, scryptCost } from './vault-cipher.ts'

const VaultFile = z.object({
  kdf: z.object({
    name: z.literal('scrypt'),
    /** Of the file, so that a later one can be dearer. Bounded: a planted file must not take all memory. */
    cost: z.literal([16_384, 32_768, 65_536, 131_072, 262_144, 524_288, 1_048_576]),
    salt: z.base64().max(64),
  }),
  /** Opens with the right passphrase, so that an empty vault tells a wrong one too. */
  check: Sealed,
  entries: z.record(z.string().max(1_024), Sealed).refine((entries) => Object.keys(entries).length <= maxSecrets),
})
type VaultFile = z.infer<typeof VaultFile>

const checkKey = 'vault'
const shortest = 8

/** @throws ClusterError `not-supported` when a newer panel wrote the file */
export async function openVaultFile(path: string, nowMs: () => number = Date.now): Promise<Vault> {
  const options = { path, schema: VaultFile.nullable(), version: 1, maxBytes: 512 * 1_048_576 }
  return new Vault(await JsonFile.open<VaultFile | null>({ ...options, empty: () => null }), nowMs)
}

/** A file of secrets under a passphrase. The names of its keys can be read while it is closed, as those of files in a locked cupboard. */
export class Vault implements SecretStore {
  readonly kind = 'vault'
  readonly warning: string | undefined
  readonly #file: JsonFile<VaultFile | null>
  readonly #gate: ReturnType<typeof createPassphraseGate>
  /** What seals with the key, or changes it. */
  readonly #oneByOne = inOrder()
  #key: Buffer | undefined

  constructor(file: JsonFile<VaultFile | null>, nowMs: () => number) {
    this.#file = file
    this.#gate = createPassphraseGate(nowMs)
    this.warning = file.warning
  }

  /** Has a passphrase been chosen? */
  get exists(): boolean {
    return this.#file.data !== null
  }

  get isOpen(): boolean {
    return this.#key !== undefined
  }

  /** @throws ClusterError `already-exists`, and `bad-argument` for a passphrase of fewer than 8 characters */
  async create(passphrase: string): Promise<void> {
    checkStrength(passphrase)
    const kdf = newKdf()
    const key = await deriveKey(passphrase, kdf)
    await this.#file.update((old) => {
      if (old) throw new ClusterError('already-exists', 'the vault has a passphrase already: open it with that one')
      return { kdf, check: seal(key, checkKey, ''), entries: {} }
    })
    this.#use(key)
  }

  /** @throws ClusterError `auth.refused` for a wrong passphrase; `too-many-requests` with `details.waitMs` after several */
  unlock(passphrase: string): Promise<void> {
    return this.#oneByOne(async () => this.#use(await this.#keyFor(passphrase)))
  }

  async get(name: string): Promise<string | undefined> {
    const { entries } = this.#content()
    const sealed = Object.hasOwn(entries, name) ? entries[name] : undefined
    return sealed && (open(this.#openKey(), name, sealed) ?? damaged(name))
  }

  async set(name: string, value: string): Promise<void> {
    checkSecret(name, value)
    await this.#oneByOne(async () => {
      const sealed = seal(this.#openKey(), name, value)
      await this.#file.update(() => {
        const { entries, ...rest } = this.#content()
        if (!Object.hasOwn(entries, name)) checkRoom(Object.keys(entries).length)
        return { ...rest, entries: { ...entries, [name]: sealed } }
      })
    })
  }

  async delete(name: string): Promise<boolean> {
    let wasThere = false
    await this.#file.update((old) => {
      wasThere = old !== null && Object.hasOwn(old.entries, name)
      return old && { ...old, entries: Object.fromEntries(Object.entries(old.entries).filter(([each]) => each !== name)) }
    })
    return wasThere
  }

  async list(): Promise<string[]> {
    return Object.keys(this.#file.data?.entries ?? {}).sort()
  }

  #keyFor(passphrase: string): Promise<Buffer> {
    const { kdf, check } = this.#content()
    return this.#gate(async () => {
      const key = await deriveKey(passphrase, kdf)
      return open(key, checkKey, check) === undefined ? undefined : key
    })
  }

  #content(): VaultFile {
    if (this.#file.data) return this.#file.data
    throw new ClusterError('secrets.locked', 'the vault has no passphrase yet: choose one first')
  }

  #openKey(): Buffer {
    if (this.#key) return this.#key
    throw new ClusterError('secrets.locked', 'the vault is closed: give its passphrase to open it')
  }

  #use(key: Buffer | undefined): void {
    this.#key?.fill(0)
    this.#key = key
  }
}

const newKdf = (): VaultFile['kdf'] => ({ name: 'scrypt', cost: scryptCost, salt: newSalt() })

function checkStrength(passphrase: string): void {
  if (passphrase.length >= shortest && passphrase.length <= 1_024) return
  throw new ClusterError('bad-argument', `a passphrase for the vault has ${shortest} to 1024 characters; this one has ${passphrase.length}`)
}

function damaged(name: string): never {
  throw new ClusterError(
    'store.corrupt',
    `the vault's entry for ${name} is not what was written there. Set it again; the other entries are not affected.`,
  )
}
