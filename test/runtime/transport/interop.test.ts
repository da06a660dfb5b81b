import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { silentLogger } from '#runtime/base/logger.ts'
import { createClusterAuthority } from '#runtime/transport/certificates.ts'
import { dialTls, dialUnix } from '#runtime/transport/dial.ts'
import { aFolder, anIdentity, incoming, nodeA, nodeB, note } from './support.ts'

const program = join(import.meta.dirname, 'echo-process.ts')
const bundledNode = join(import.meta.dirname, `../../../node_modules/node-linux-${process.arch}/bin/node`)

/** The Node that runs this test, and the one that daemons run on. A driver on one must understand an agent on the other. */
const others = [
  { name: 'the Node of this process', command: process.execPath, flags: ['--import', 'tsx'] },
  { name: 'the Node of the payload', command: bundledNode, flags: [] },
].filter(({ command }) => existsSync(command))

test.each(others)('a process on $name is understood over a unix socket and over TLS', async ({ command, flags }) => {
  const authority = createClusterAuthority()
  const folder = aFolder()
  const path = join(folder, 'echo.sock')
  const identityFile = join(folder, 'identity.json')
  writeFileSync(identityFile, JSON.stringify(anIdentity(authority, nodeA, 'head')), { mode: 0o600 })
  const child = spawn(command, [...flags, program, path, identityFile], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill())
  const port = Number(await firstLine(child))

  const hello = { version: process.version, role: 'driver' } as const
  const overUnix = await dialUnix(path, { hello })
  const overTls = await dialTls({ host: '127.0.0.1', port, identity: anIdentity(authority, nodeB), expectNodeId: nodeA }, { hello })
  for (const dialed of [overUnix, overTls]) {
    expect(dialed.answer.version).toMatch(/^v\d+\./)
    const link = dialed.link({ incoming, logger: silentLogger })
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, number) => link.request(note(number), { reply: z.object({ number: z.int() }) })),
    )
    expect(answers.map(({ number }) => number)).toEqual(Array.from({ length: 100 }, (_, number) => number))
    const bytes = Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 253)
    const blob = await link.request(
      { type: 'blob.sent', name: 'ünï', bytes },
      { reply: z.object({ name: z.string(), bytes: z.instanceof(Uint8Array) }) },
    )
    expect(blob.name).toBe('ünï')
    expect(Buffer.compare(blob.bytes, bytes)).toBe(0)
    link.close()
  }
})

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()))
    child.once('exit', (code) => reject(new Error(`the echo process ended with ${code} before it was ready`)))
  })
}
