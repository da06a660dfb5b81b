import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import * as z from 'zod'

/** 128 MiB and about half a second a guess. */
export const scryptCost = 131_072
const blockSize = 8

export const Sealed = z.object({ nonce: z.base64().length(16), tag: z.base64().length(24), text: z.base64().max(400_000) })
export type Sealed = z.infer<typeof Sealed>

export const newSalt = (): string => randomBytes(16).toString('base64')

/** Not on the event loop's thread. The passphrase is taken in one spelling, whatever keyboard it came from. */
export function deriveKey(passphrase: string, kdf: { cost: number; salt: string }): Promise<Buffer> {
  const options = { N: kdf.cost, r: blockSize, p: 1, maxmem: 256 * kdf.cost * blockSize }
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFC'), Buffer.from(kdf.salt, 'base64'), 32, options, (error, key) =>
      error ? reject(error) : resolve(key),
    )
  })
}

/** AES-256-GCM with a nonce of its own. `name` is bound to it: an entry that is put under another name does not open. */
export function seal(key: Buffer, name: string, value: string): Sealed {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(name))
  const text = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()])
  return { nonce: nonce.toString('base64'), tag: cipher.getAuthTag().toString('base64'), text: text.toString('base64') }
}

/** Undefined: another key, another name, or something was changed. */
export function open(key: Buffer, name: string, sealed: Sealed): string | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(sealed.nonce, 'base64'), { authTagLength: 16 })
    decipher.setAAD(Buffer.from(name)).setAuthTag(Buffer.from(sealed.tag, 'base64'))
    return Buffer.concat([decipher.update(Buffer.from(sealed.text, 'base64')), decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}
