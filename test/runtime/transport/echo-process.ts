// Run as a program: listens on a unix socket and on TLS, answers every request with its own message, and says on stdout when it is ready.
import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { silentLogger } from '../../../runtime/base/logger.ts'
import type { Identity } from '../../../runtime/transport/identity.ts'
import { type ListenOptions, listenTls, listenUnix } from '../../../runtime/transport/listen.ts'

const incoming = {
  'note.made': z.object({ type: z.literal('note.made'), number: z.int(), text: z.string().max(1_000).optional() }),
  'blob.sent': z.object({ type: z.literal('blob.sent'), name: z.string(), bytes: z.instanceof(Uint8Array) }),
}

const [path = '', identityFile = ''] = process.argv.slice(2)
const identity = JSON.parse(readFileSync(identityFile, 'utf8')) as Identity // written by the test that started this
const options: ListenOptions = {
  logger: silentLogger,
  self: { version: process.version },
  onPeer: (_hello, peer) => {
    peer.accept({ incoming, logger: silentLogger }).onRequest((message) => message)
  },
}
await listenUnix(path, options)
const { port } = await listenTls({ host: '127.0.0.1', port: 0, identity }, options)
process.stdout.write(`${port}\n`)
