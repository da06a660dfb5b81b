import { expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { EventFrame } from '#runtime/api/events.ts'
import { nodeIdOf } from '../core/builders.ts'
import { joinLocally } from '../head-process.ts'
import { aServedHead, type ServedHead } from '../http/served-head.ts'

function follow({ url, token }: ServedHead, query: string) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/shoal/v1/events?${query}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const frames: EventFrame[] = []
  socket.on('message', (data) => frames.push(EventFrame.parse(JSON.parse(String(data as Buffer)))))
  socket.on('error', () => {}) // 'close' follows
  const events = () => frames.flatMap((frame) => (frame.type === 'batch' ? frame.events : []))
  return { frames, events, closed: new Promise<number>((resolve) => socket.once('close', resolve)), end: () => socket.terminate() }
}

it('a head that is killed goes on with its numbers, and a stream that resumes misses nothing', async () => {
  const first = await aServedHead()
  const before = follow(first, 'kinds=node')
  await expect.poll(() => before.frames.length).toBeGreaterThan(0)
  await joinLocally(first.head, nodeIdOf(1))
  await expect.poll(() => before.events().map(({ id }) => id)).toEqual([nodeIdOf(1)])
  const since = before.events()[0]?.seq ?? 0
  before.end()
  await joinLocally(first.head, nodeIdOf(2)) // while nobody follows
  const watcher = follow(first, 'kinds=node&since=latest')
  const page = await first.ask('/api/shoal/v1/events?kinds=node')
  expect(JSON.parse(page.body)).toMatchObject({ events: [{ id: nodeIdOf(2) }, { id: nodeIdOf(1) }] })
  await first.head.end('SIGKILL')
  expect(await watcher.closed).toBe(1006)
  const second = await aServedHead([], first.head.layout.tempDir)
  const after = follow(second, `kinds=node&since=${since}`)
  await joinLocally(second.head, nodeIdOf(3))
  await expect.poll(() => new Set(after.events().map(({ id }) => id))).toEqual(new Set([nodeIdOf(2), nodeIdOf(3)]))
  expect(after.frames.some(({ type }) => type === 'snapshot')).toBe(false)
  const seqs = after.events().map(({ seq }) => seq)
  expect(seqs.every((seq, index) => seq > (seqs[index - 1] ?? since))).toBe(true)
  after.end()
})
