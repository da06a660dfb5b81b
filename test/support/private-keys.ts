import { readFileSync } from 'node:fs'

/** The 32 bytes that make an Ed25519 key private. */
export function seedOf(keyFile: string): Buffer {
  const body = Buffer.from(readFileSync(keyFile, 'utf8').split('\n').slice(1, -2).join(''), 'base64')
  const publicKey = Buffer.from(readFileSync(`${keyFile}.pub`, 'utf8').split(' ')[1] ?? '', 'base64').subarray(-32)
  const at = body.lastIndexOf(publicKey)
  return body.subarray(at - 32, at)
}

/** Of a PEM file: of OpenSSH's own kind without the first lines, which hold the public half, and without the rest of a line at the end. */
export const secretLinesOf = (pem: string): string[] =>
  pem
    .split('\n')
    .filter((line) => /^[A-Za-z0-9+/=]{40,}$/.test(line))
    .slice(pem.includes('OPENSSH') ? 2 : 0)
