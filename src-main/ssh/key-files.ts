import { open } from 'node:fs/promises'
import ssh2, { type ParsedKey } from 'ssh2'
import { toError } from '../../runtime/base/errors.ts'
import { fingerprintOf, keyTypeOf } from './host-key-lines.ts'

/** A private key as it lies in a file. `publicKey` is missing when only the passphrase would bring it to light. */
export type KeyFile = {
  readonly file: string
  readonly text: string
  readonly isEncrypted: boolean
  /** A `.pub` file that stands for a key in the agent. */
  readonly isPublicOnly: boolean
  readonly publicKey: Buffer | undefined
}

const maxKeyBytes = 64 * 1024

/** Undefined for a file that is not there. @throws Error saying why it cannot be used */
export async function readKeyFile(file: string): Promise<KeyFile | undefined> {
  const text = await readSmall(file)
  if (text === undefined) return undefined
  const parsed = parseOne(text)
  if (!(parsed instanceof Error)) {
    return { file, text, isEncrypted: false, isPublicOnly: !parsed.isPrivateKey(), publicKey: parsed.getPublicSSH() }
  }
  if (!/no passphrase given/i.test(parsed.message)) throw new Error(`its form is not known (${parsed.message})`)
  return { file, text, isEncrypted: true, isPublicOnly: false, publicKey: publicPartOf(text) ?? (await publicKeyBeside(file)) }
}

/** Undefined when the passphrase is wrong. @throws Error for a key that is broken */
export function openKey(key: KeyFile, passphrase?: string): ParsedKey | undefined {
  const parsed = parseOne(key.text, passphrase)
  if (!(parsed instanceof Error)) return parsed
  if (/passphrase|integrity check failed|decrypt|malformed/i.test(parsed.message)) return undefined
  throw new Error(`its form is not known (${parsed.message})`)
}

export const keyName = (publicKey: Uint8Array): string => `${keyTypeOf(publicKey)} ${fingerprintOf(publicKey)}`

function parseOne(text: string, passphrase?: string): ParsedKey | Error {
  try {
    // One file holds one key, though the parser returns a list for some of them.
    const parsed: ParsedKey | ParsedKey[] | Error = ssh2.utils.parseKey(text, passphrase)
    return Array.isArray(parsed) ? (parsed[0] ?? new Error('it holds no key')) : parsed
  } catch (error) {
    return toError(error) // broken DER makes the parser throw instead
  }
}

/** The newer form of OpenSSH keeps the public key in the clear, before the encrypted part. */
function publicPartOf(text: string): Buffer | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+?)-----END/.exec(text)?.[1]
  if (body === undefined) return undefined
  const bytes = Buffer.from(body, 'base64')
  let at = 'openssh-key-v1\0'.length
  const fields: Buffer[] = []
  for (const isCount of [false, false, false, true, false]) {
    if (at + 4 > bytes.length) return undefined
    const length = isCount ? 0 : bytes.readUInt32BE(at)
    fields.push(bytes.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  const publicKey = fields[4] // after cipher, kdf, its options and the number of keys
  return publicKey && keyTypeOf(publicKey) !== '' ? publicKey : undefined
}

async function publicKeyBeside(file: string): Promise<Buffer | undefined> {
  const text = await readSmall(`${file}.pub`).catch(() => undefined) // it only spares a question
  const parsed = text === undefined ? undefined : parseOne(text)
  return parsed === undefined || parsed instanceof Error ? undefined : parsed.getPublicSSH()
}

async function readSmall(file: string): Promise<string | undefined> {
  let handle: Awaited<ReturnType<typeof open>>
  try {
    handle = await open(file)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new Error(code === 'EACCES' ? 'this user may not read it' : toError(error).message, { cause: error })
  }
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw new Error('it is no file')
    if (stat.size > maxKeyBytes) throw new Error(`it has ${stat.size} bytes, too many for a key`)
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}
