import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { expect, test } from 'vitest'
import { readerOf } from '#src-renderer/api/read-again.ts'

/** A query that somebody looks at; each read gives what was true when it was asked, once it is let go. */
function looked() {
  const client = new QueryClient()
  const queryKey = ['thing']
  const world = { value: 'first', reads: 0, letGo: (): void => {} }
  const queryFn = async () => {
    const asked = world.value
    world.reads += 1
    await new Promise<void>((resolve) => (world.letGo = resolve))
    return asked
  }
  const observer = new QueryObserver(client, { queryKey, queryFn })
  const off = observer.subscribe(() => {})
  const answer = async (read: number, value: string) => {
    await expect.poll(() => world.reads).toBe(read)
    world.letGo()
    await expect.poll(() => client.getQueryData(queryKey)).toBe(value)
  }
  return { world, again: readerOf(client, queryKey), answer, off, client }
}

test('what changes while an answer is on its way is read once more', async () => {
  const { world, again, answer, off, client } = looked()
  await answer(1, 'first')
  again()
  await expect.poll(() => world.reads).toBe(2)
  world.value = 'second'
  for (let time = 0; time < 5; time += 1) again()
  world.letGo()
  await answer(3, 'second')
  expect(client.isFetching()).toBe(0)
  off()
})

test('a change during the first read is seen too, and without one nothing is read again', async () => {
  const { world, again, answer, off, client } = looked()
  await expect.poll(() => world.reads).toBe(1)
  world.value = 'second'
  again()
  world.letGo()
  await answer(2, 'second')
  expect([world.reads, client.isFetching()]).toEqual([2, 0])
  off()
})
