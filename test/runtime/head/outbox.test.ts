import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import type { HeadCommand } from '#runtime/head/core/events.ts'
import { Outbox } from '#runtime/head/outbox.ts'
import { HeadStore } from '#runtime/head/store.ts'
import { actorIdOf, actorSpec } from './core/builders.ts'

const save = (number: number, bytes = 8): HeadCommand => ({
  type: 'save',
  row: { table: 'actor-specs', key: actorIdOf(number), value: actorSpec(actorIdOf(number), { args: new Uint8Array(bytes) }) },
})
const answer = (requestKey: number): HeadCommand => ({ type: 'reply', requestKey, value: null })

function anOutbox() {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-outbox-'))
  const store = new HeadStore(join(folder, 'head.sqlite'))
  onTestFinished(() => {
    store.close()
    rmSync(folder, { recursive: true })
  })
  let nowMs = 0
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs }
  const performed: string[] = []
  const outbox = new Outbox({
    ...{ store, clock, logger: silentLogger },
    perform: (command) =>
      performed.push(command.type === 'reply' ? `reply ${command.requestKey} with ${store.loadRows().length} saved` : command.type),
    isRead: (requestKey) => requestKey >= 100,
  })
  return { store, outbox, performed, passMs: (ms: number) => void (nowMs += ms) }
}

test('nothing is heard of before it is saved', () => {
  const { outbox, performed } = anOutbox()
  outbox.add([answer(1), save(1), save(2)])
  expect(performed).toEqual([])
  outbox.flush()
  expect(performed).toEqual(['reply 1 with 2 saved'])
})

test('while the disk takes no writes reads are answered, the rest waits, and goes out once it does', () => {
  const { outbox, performed, store, passMs } = anOutbox()
  store.limitBytes(100_000)
  outbox.add([save(1, 500_000), answer(1), answer(100)])
  outbox.flush()
  expect(performed).toEqual(['reply 100 with 0 saved'])
  expect(outbox.refusal).toMatchObject({ code: 'store.disk-full' })
  store.limitBytes(1e9)
  outbox.flush() // too early for another try
  expect(performed).toHaveLength(1)
  passMs(1_000)
  outbox.flush()
  expect(performed).toEqual(['reply 100 with 0 saved', 'reply 1 with 1 saved'])
  expect(outbox.refusal).toBeUndefined()
})
