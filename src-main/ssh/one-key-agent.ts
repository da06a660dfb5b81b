import ssh2, { type ParsedKey, type PublicKeyEntry, type SignCallback, type SigningRequestOptions } from 'ssh2'
import { toError } from '../../runtime/base/errors.ts'

export type Sign = (data: Buffer, hash: 'sha1' | 'sha256' | 'sha512' | undefined) => Promise<Buffer>

/**
 * An agent that holds one key. Every key goes to the server this way, whether it lies in a file or in a real agent: the server
 * is asked first whether it would take the key, and only then is anything signed, so no passphrase is asked for in vain.
 */
export class OneKeyAgent extends ssh2.BaseAgent<Buffer> {
  readonly #publicKey: Buffer
  readonly #sign: Sign
  /** The server said that it would take this key. */
  wasWanted = false
  /** Why there is no signature. */
  failure: Error | undefined
  constructor(publicKey: Buffer, sign: Sign) {
    super()
    this.#publicKey = publicKey
    this.#sign = sign
  }
  override getIdentities(callback: (error: Error | undefined, keys?: Buffer[]) => void): void {
    callback(undefined, [this.#publicKey])
  }
  override sign(...[, data, options, callback]: [Buffer, Buffer, SigningRequestOptions | SignCallback, SignCallback?]): void {
    const done = typeof options === 'function' ? options : callback
    this.wasWanted = true
    this.#sign(data, typeof options === 'function' ? undefined : options.hash).then(
      (signature) => done?.(undefined, signature),
      (error: unknown) => {
        this.failure = toError(error)
        done?.(this.failure)
      },
    )
  }
}

/** The keys of a real agent. @throws Error when it does not answer */
export function listAgentKeys(agent: InstanceType<typeof ssh2.BaseAgent>): Promise<Buffer[]> {
  return within(
    new Promise((resolve, reject) => {
      agent.getIdentities((error, keys) => {
        if (error) return reject(error)
        return resolve((keys ?? []).flatMap((key) => publicPart(key)))
      })
    }),
  )
}

export const signWithAgent =
  (agent: InstanceType<typeof ssh2.BaseAgent>, publicKey: Buffer): Sign =>
  (data, hash) =>
    new Promise((resolve, reject) => {
      agent.sign(publicKey, data, hash === undefined ? {} : { hash }, (error, signature) => {
        if (error || !signature) reject(error ?? new Error('the agent gave no signature'))
        else resolve(signature)
      })
    })

/** An agent that hangs, such as one forwarded over a dead link, must not hold up the other ways in. */
function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('it does not answer')), 5_000)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

function publicPart(key: Buffer | string | ParsedKey | PublicKeyEntry): Buffer[] {
  if (typeof key === 'object' && 'pubKey' in key) return [] // nested entries come from servers that we do not have
  const parsed = ssh2.utils.parseKey(key)
  return parsed instanceof Error ? [] : [parsed.getPublicSSH()] // kinds that we cannot use, such as certificates
}
