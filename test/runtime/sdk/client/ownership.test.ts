import { expect, test } from 'vitest'
import { Ownership } from '#runtime/sdk/client/ownership.ts'
import { OwnerHarness } from '../owner/core/owner-harness.ts'

/** A process with nothing, and what it tells its agent. */
function aProcess() {
  const owner = new OwnerHarness()
  const references = { lentCount: 0 }
  const actors = { ownedCount: 0 }
  const said: boolean[] = []
  const seen = { collections: 0, nowMs: 100_000 }
  const ownership = new Ownership({
    ...{ references, owner, actors: () => actors, say: (owns: boolean) => said.push(owns) },
    ...{ collectGarbage: () => (seen.collections += 1), nowMs: () => seen.nowMs },
  })
  return { owner, references, actors, said, seen, ownership }
}

test('a process says that it owns something when others use its objects, and that it does not when they stop', () => {
  const { ownership, references, said } = aProcess()
  ownership.look()
  expect(said).toEqual([])
  references.lentCount = 1
  ownership.look()
  ownership.look()
  references.lentCount = 0
  ownership.look()
  expect(said).toEqual([true, false])
})

test('tasks under way, actors with handles, and results on their way count as well', () => {
  const { owner, ownership, actors } = aProcess()
  const task = owner.submit()
  expect(ownership.owns).toBe(true)
  owner.flush()
  owner.grant()
  owner.end(task)
  expect(ownership.owns).toBe(false)
  actors.ownedCount = 1
  expect(ownership.owns).toBe(true)
  actors.ownedCount = 0
  ownership.hasResultsOut = () => true
  expect(ownership.owns).toBe(true)
})

test('who waits for the end of all that is told at the first look that finds nothing, and at once when there is nothing', async () => {
  const { ownership, references, said } = aProcess()
  expect(ownership.whenNothing()).toBeUndefined()
  references.lentCount = 2
  let isOver = false
  const over = ownership.whenNothing()?.then(() => (isOver = true))
  expect(said).toEqual([true]) // told before the waiting begins
  references.lentCount = 1
  ownership.look()
  await Promise.resolve()
  expect(isOver).toBe(false)
  references.lentCount = 0
  ownership.look()
  await over
  expect(said).toEqual([true, false])
})

test('handles that nobody holds are collected: at every look while somebody waits, else now and then, and never for other reasons to stay', () => {
  const { ownership, actors, references, seen } = aProcess()
  actors.ownedCount = 1
  ownership.look()
  ownership.look()
  expect(seen.collections).toBe(1)
  seen.nowMs += 10_000
  ownership.look()
  expect(seen.collections).toBe(2)
  references.lentCount = 1
  seen.nowMs += 10_000
  ownership.look()
  expect(seen.collections).toBe(2)
  references.lentCount = 0
  void ownership.whenNothing()
  ownership.look()
  expect(seen.collections).toBe(4)
})
