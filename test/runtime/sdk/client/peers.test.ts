import { expect, test } from 'vitest'
import * as z from 'zod'
import { ClusterError } from '#runtime/base/errors.ts'
import { silentLogger } from '#runtime/base/logger.ts'
import { toOwnerFromWorker } from '#runtime/protocol/tasks.ts'
import { Peer, type PeerIo } from '#runtime/sdk/client/peers.ts'
import { createLink } from '#runtime/transport/link.ts'
import { createMemoryPair } from '../../transport/memory-link.ts'

const Note = z.object({ type: z.literal('note'), number: z.int(), text: z.string().optional() })
const note = (number: number, text?: string) => ({ type: 'note', number, ...(text === undefined ? {} : { text }) })
const tooLarge = 'x'.repeat(10_000)

/** A peer whose link stands when `stand` is called, with what arrives at the other side. */
function aPeer(io: Partial<PeerIo> = {}) {
  const [near, far] = createMemoryPair()
  let stand = (): void => {}
  let fail = (_error: Error): void => {}
  const lost: { message: object; error: Error }[] = []
  const opening = new Promise<void>((resolve, reject) => {
    stand = resolve
    fail = reject
  })
  const link = opening.then(() =>
    createLink(near, { incoming: toOwnerFromWorker, logger: silentLogger, peer: 'worker', maxFrameBytes: 4_096 }),
  )
  let closed = (): void => {}
  const isClosed = new Promise<void>((resolve) => (closed = resolve))
  const address = { workerId: 'e'.repeat(56), nodeId: 'a'.repeat(56), socketPath: '/s', agentAddress: '' }
  const peer = new Peer(address, link, { onClosed: closed, onLost: (_peer, message, error) => lost.push({ message, error }), ...io })
  const arrived: number[] = []
  const waiting: { count: number; done: () => void }[] = []
  createLink(far, { incoming: { note: Note }, logger: silentLogger, peer: 'owner' }).onMessage((message) => {
    arrived.push(message.number)
    for (const { count, done } of waiting) if (arrived.length >= count) done()
  })
  const arrivals = (count: number) =>
    arrived.length >= count ? Promise.resolve() : new Promise<void>((done) => waiting.push({ count, done }))
  return { peer, stand, fail, lost, arrived, arrivals, isClosed }
}

test('a message that is too large and waited for the link is refused to its sender, and those around it arrive', async () => {
  const { peer, stand, arrived, arrivals, lost } = aPeer()
  const refused: Error[] = []
  peer.send(note(1))
  peer.send(note(2, tooLarge), (error) => refused.push(error))
  peer.send(note(3))
  expect(refused).toEqual([])
  stand()
  await arrivals(2)
  expect(arrived).toEqual([1, 3])
  expect(refused).toHaveLength(1)
  expect(refused[0]).toMatchObject({ code: 'bad-argument' } satisfies Partial<ClusterError>)
  expect(lost).toEqual([])
})

test('one that is too large for a link that stands is refused at once', async () => {
  const { peer, stand, arrived, arrivals } = aPeer()
  stand()
  peer.send(note(1))
  await arrivals(1)
  const refused: Error[] = []
  peer.send(note(2, tooLarge), (error) => refused.push(error))
  expect(refused[0]).toMatchObject({ code: 'bad-argument' })
  peer.send(note(3))
  await arrivals(2)
  expect(arrived).toEqual([1, 3])
})

test('one whose sender does not ask is reported as lost, and nothing is thrown', async () => {
  const { peer, stand, arrivals, lost } = aPeer()
  peer.send(note(1, tooLarge))
  peer.send(note(2))
  stand()
  await arrivals(1)
  peer.send(note(3, tooLarge))
  expect(lost.map(({ message }) => 'number' in message && message.number)).toEqual([1, 3])
})

test('no more wait for a link than the limit says; what is beyond is refused and what is within arrives', async () => {
  const { peer, stand, arrived, arrivals } = aPeer({ maxEarly: 2 })
  const refused: Error[] = []
  for (const number of [1, 2, 3]) peer.send(note(number), (error) => refused.push(error))
  expect(refused).toMatchObject([{ code: 'link.overloaded' }])
  stand()
  await arrivals(2)
  expect(arrived).toEqual([1, 2])
})

test('what waits when the link fails to stand is told by the closing alone', async () => {
  const { peer, fail, isClosed, lost } = aPeer()
  const refused: Error[] = []
  peer.send(note(1), (error) => refused.push(error))
  fail(new ClusterError('link.closed', 'nobody listens'))
  await isClosed
  peer.send(note(2), (error) => refused.push(error))
  expect({ refused, lost }).toEqual({ refused: [], lost: [] })
  await expect(peer.request(note(3), { reply: z.unknown() })).rejects.toMatchObject({ code: 'link.closed' })
})
