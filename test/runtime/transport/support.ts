import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import * as z from 'zod'
import type { LogFields, Logger } from '#runtime/base/logger.ts'
import { type CertificateRole, type ClusterAuthority, createKeyPair, issueNodeCertificate } from '#runtime/transport/certificates.ts'
import type { Identity } from '#runtime/transport/identity.ts'

export const Note = z.object({ type: z.literal('note.made'), number: z.int(), text: z.string().max(1_000).optional() })
export const Blob = z.object({ type: z.literal('blob.sent'), name: z.string(), bytes: z.instanceof(Uint8Array) })
/** What both sides of a test link accept. */
export const incoming = { 'note.made': Note, 'blob.sent': Blob }
export const note = (number: number) => ({ type: 'note.made', number }) as const

export const nodeA = 'a'.repeat(56)
export const nodeB = 'b'.repeat(56)

export function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-transport-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

type Line = { event: string; fields: LogFields }
export type RecordingLogger = Logger & { readonly lines: Line[]; heard(event: string): Promise<LogFields> }

/** Keeps every line; `heard` resolves with the next line of that name, or one that was there already. */
export function aLogger(): RecordingLogger {
  const lines: Line[] = []
  const waiting = new Set<() => void>()
  const keep = (event: string, fields: LogFields = {}) => {
    lines.push({ event, fields })
    for (const look of waiting) look()
  }
  const heard = (event: string) =>
    new Promise<LogFields>((resolve) => {
      const look = () => {
        const at = lines.findIndex((line) => line.event === event)
        if (at === -1) return
        waiting.delete(look)
        resolve(lines.splice(at, 1)[0]?.fields ?? {})
      }
      waiting.add(look)
      look()
    })
  return { lines, heard, debug: keep, info: keep, warn: keep, error: keep }
}

/** Both ends of a connected unix socket. */
export async function socketPair(): Promise<[Socket, Socket]> {
  const path = join(aFolder(), 'pair.sock')
  const server = createServer()
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const near = connect(path)
  const far = await accepted
  server.close()
  onTestFinished(() => {
    near.destroy()
    far.destroy()
  })
  return [near, far]
}

export function anIdentity(authority: ClusterAuthority, nodeId: string, role: CertificateRole = 'agent'): Identity {
  const keys = createKeyPair()
  const certPem = issueNodeCertificate(authority, { nodeId, role, publicKeyPem: keys.publicKeyPem })
  return { nodeId, caCertPem: authority.caCertPem, certPem, keyPem: keys.privateKeyPem }
}

/** Resolves with the first `count` values that `subscribe` hands on. */
export function collect<T>(count: number, subscribe: (take: (value: T) => void) => void): Promise<T[]> {
  return new Promise((resolve) => {
    const values: T[] = []
    subscribe((value) => {
      values.push(value)
      if (values.length === count) resolve(values)
    })
  })
}

/** A promise and how to settle it (Node 20 has no `Promise.withResolvers`). */
export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
