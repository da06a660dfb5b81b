import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Operation } from '#src-main/contract/operations.ts'
import { openTestPanel, type TestPanel, until } from '#test/support/panel.ts'
import { ensurePayload } from '#test/support/payload.ts'
import { commandsOf, pidsOf } from '#test/support/processes-of.ts'
import { alive, endsAs } from '../faults/support.ts'

let folder: string
let panel: TestPanel
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-ports-'))
  panel = await openTestPanel({ payloadFolder: await ensurePayload(), isWatching: true })
  await panel.host.call('machines.add', { machines: [{ name: 'here', via: 'local', host: '127.0.0.1', folder }] })
  await start()
}, 120_000)
afterAll(async () => {
  await panel?.dispose()
  for (const pid of pidsOf(folder)) process.kill(pid, 'SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** Until the cluster is up with its two nodes, and connected to. */
async function start(): Promise<Operation> {
  const { operationId } = await panel.host.call('clusters.startLocal', { nodes: 2, withSamples: false })
  const operation = await endsAs(panel.host, operationId, 'done')
  await panel.host.call('clusters.connect', { cluster: 'local' })
  expect(await alive(panel.host, 'local')).toEqual(['here', 'local-2'])
  return operation
}

async function ports() {
  const { ports: own, members } = await panel.host.call('clusters.get', { cluster: 'local' })
  return { head: own.head, agent: own.agent, extra: members[0]?.extraNodes?.[0]?.agentPort ?? 0 }
}

/** Ends processes of the cluster, and listens on ports of theirs, as the cluster of another panel would. */
async function loseTo(isLost: (words: readonly string[]) => boolean, taken: readonly number[]): Promise<void> {
  const lost = Object.entries(commandsOf(folder)).filter(([, words]) => isLost(words))
  expect(lost).not.toEqual([])
  for (const [pid] of lost) process.kill(Number(pid), 'SIGKILL')
  for (const port of taken) await listen(port)
  await until('the loss is seen', async () => {
    const { link } = await panel.host.call('clusters.get', { cluster: 'local' })
    return link.state === 'connected' ? undefined : link
  })
}

async function listen(port: number): Promise<void> {
  const server = await until(`port ${port} is free`, () => {
    const next = createServer().listen(port, '127.0.0.1')
    return once(next, 'listening').then(
      () => next,
      () => undefined,
    )
  })
  onTestFinished(() => void server.close())
}

const logOf = (operation: Operation, stepId: string) => operation.machines[0]?.steps.find(({ id }) => id === stepId)?.log ?? ''

test('started again after all of it was killed, it leaves ports that others have, keeps the rest, and says so', async () => {
  const kept = await ports()
  await loseTo(() => true, [kept.head, kept.extra])
  const log = logOf(await start(), 'start')
  const now = await ports()
  expect(now.agent).toBe(kept.agent)
  expect([kept.head, kept.extra, kept.agent, now.extra]).not.toContain(now.head)
  expect([kept.head, kept.extra, kept.agent]).not.toContain(now.extra)
  expect(log).toMatch(
    new RegExp(`^port ${kept.head} is taken by .*\\(process ${process.pid}\\): the head listens on port ${now.head} from now on$`, 'm'),
  )
  expect(log).toMatch(new RegExp(`^port ${kept.extra} is taken by .*: the node local-2 listens on port ${now.extra} from now on$`, 'm'))
}, 120_000)

test('a node that still runs is moved to the head when only that has to go elsewhere', async () => {
  const kept = await ports()
  await loseTo((words) => words.some((word) => word.endsWith('/head.mjs')), [kept.head])
  await start()
  const now = await ports()
  expect(now).toEqual({ ...kept, head: expect.any(Number) })
  expect(now.head).not.toBe(kept.head)
  const [words = []] = Object.values(commandsOf(`${folder}/`)).filter((each) => each.includes('local-2') && each.includes('--head'))
  expect(words[words.indexOf('--head') + 1]).toBe(`127.0.0.1:${now.head}`)
}, 120_000)

test('ports that nobody has taken are kept, and nothing is said of them', async () => {
  const kept = await ports()
  await loseTo(() => true, [])
  expect(logOf(await start(), 'start')).not.toContain('is taken')
  expect(await ports()).toEqual(kept)
}, 120_000)
