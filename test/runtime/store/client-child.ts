import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ClusterError, isErrorCode } from '../../../runtime/base/errors.ts'
import { silentLogger } from '../../../runtime/base/logger.ts'
import { createStoreClient, type Mapped } from '../../../runtime/store/store-client.ts'
import { memoryBackend } from '../../../runtime/store/segment.ts'

// The other process of the store tests: does what its parent asks, and talks to the parent's store over the same IPC channel.

type FromParent = { call?: number; action?: string; args?: unknown[]; ask?: number; reply?: unknown; code?: string; text?: string }

const asked = new Map<number, { resolve(reply: unknown): void; reject(error: Error): void }>()
let asks = 0

const client = createStoreClient({
  request: (body) =>
    new Promise((resolve, reject) => {
      asks += 1
      asked.set(asks, { resolve, reject })
      process.send?.({ ask: asks, body })
    }),
  send: (body) => void process.send?.({ send: true, body }),
  logger: silentLogger,
})

const held = new Map<string, Mapped>()
const views = new Map<string, Float64Array | Uint8Array>()

const pattern = (sizeBytes: number, seed: number): Uint8Array => {
  const bytes = new Uint8Array(sizeBytes)
  for (let index = 0; index < sizeBytes; index += 1) bytes[index] = (index * 31 + (index >> 8) + seed) & 0xff
  return bytes
}
const digest = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex')
const get = async (id: string): Promise<Mapped> => {
  const mapped = await client.get(id, { timeoutMs: 5_000 })
  if (!mapped) throw new Error(`${id} is missing`)
  return mapped
}
const mustHold = (id: string): Mapped => {
  const mapped = held.get(id)
  if (!mapped) throw new Error(`${id} is not held`)
  return mapped
}
const attempt = (work: () => unknown): string => {
  try {
    work()
    return 'worked'
  } catch (error) {
    return (error as Error).name // anything our actions throw is an Error
  }
}

const actions: Record<string, (...args: never[]) => unknown> = {
  put: async (id: string, sizeBytes: number, seed: number) => {
    const bytes = pattern(sizeBytes, seed)
    await client.put(id, sizeBytes, (target) => target.set(bytes), { primary: true })
    return digest(bytes)
  },
  get: async (id: string) => {
    held.set(id, await get(id))
    return digest(mustHold(id).bytes)
  },
  release: (id: string) => {
    mustHold(id).release()
    held.delete(id)
  },
  writeTo: (id: string, value: number) => {
    mustHold(id).bytes.fill(value)
    return digest(mustHold(id).bytes)
  },
  detach: (id: string) => {
    const { buffer } = mustHold(id).bytes
    const transfer = (buffer as { transfer?: () => unknown }).transfer // Node 20 has none
    const clone = attempt(() => structuredClone(buffer, { transfer: [buffer as ArrayBuffer] }))
    const moved = transfer ? attempt(() => transfer.call(buffer)) : 'none'
    return { clone, moved, bytes: buffer.byteLength, digest: digest(mustHold(id).bytes) }
  },
  /** Keeps a view on the buffer of an object and nothing else of it. */
  keepView: async (id: string) => {
    const { bytes } = await get(id)
    views.set(id, new Float64Array(bytes.buffer, 0, 8))
  },
  dropView: (id: string) => void views.delete(id),
  readView: (id: string) => views.get(id)?.[0],
  gc: async () => {
    for (let round = 0; round < 5; round += 1) {
      ;(globalThis as { gc?: () => void }).gc?.() // --expose-gc
      await new Promise((resolve) => setImmediate(resolve))
    }
  },
  startWriting: (id: string, sizeBytes: number) =>
    // The promise never ends: the parent kills this process inside `write`.
    void client.put(id, sizeBytes, () => process.send?.({ answer: -1 }) && Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), {
      primary: true,
    }),
  stats: () => client.stats(),
  backend: () => memoryBackend(),
  isKoffiLoaded: () => readFileSync('/proc/self/maps', 'utf8').includes('koffi'),
  leave: () => process.disconnect(),
}

process.on('message', (message: FromParent) => {
  if (message.ask !== undefined) {
    const waiting = asked.get(message.ask)
    asked.delete(message.ask)
    if (message.code === undefined) waiting?.resolve(message.reply)
    else waiting?.reject(new ClusterError(isErrorCode(message.code) ? message.code : 'internal', message.text ?? ''))
    return
  }
  const action = actions[message.action ?? '']
  Promise.resolve()
    .then(() => action?.(...((message.args ?? []) as never[]))) // the parent knows what each action takes
    .then(
      (value) => process.connected && process.send?.({ answer: message.call, value: value ?? null }),
      (error: unknown) => process.send?.({ answer: message.call, error: String(error) }),
    )
})
