import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as shoal from 'shoal'
import { check, finish, rejection, until } from '../support/checks.ts'

const megabyte = 2 ** 20
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void // V8's own, exposed by the flag

const tempDir = mkdtempSync(join(tmpdir(), 'large-values-'))
await shoal.init({ numCpus: 2, tempDir, objectStoreMemory: 600 * megabyte })

/** Other bytes at each place, and other ones for each seed. */
function patterned(sizeBytes: number, seed: number): Uint32Array {
  const value = new Uint32Array(sizeBytes / 4)
  for (let index = 0; index < value.length; index += 1) value[index] = Math.imul(index + seed, 2_654_435_761)
  return value
}
function isPatterned(value: Uint32Array, seed: number): boolean {
  for (let index = 0; index < value.length; index += 1) if (value[index] !== Math.imul(index + seed, 2_654_435_761) >>> 0) return false
  return true
}

function linksOf(pid: number | 'self'): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${name}`)
    } catch {
      return [] // the one that lists them
    }
  })
}
/** Mappings of Ray's objects in this process. */
const viewsHere = (): number =>
  readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes('/plasma')).length

const untilNoViews = () =>
  until('the last view is collected', () => {
    collect()
    return viewsHere() === 0
  })

function rayletPid(): number {
  const found = readdirSync('/proc').find((name) => {
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')
      return words[0]?.endsWith('/raylet') && words.some((word) => word.includes(tempDir))
    } catch {
      return false
    }
  })
  assert(found)
  return Number(found)
}
/** Files that hold objects for which the store had no room. */
const overflowFiles = (): number => linksOf(rayletPid()).filter((link) => link.includes('/plasma')).length - 1

await check('200 MB go to a task and come back, whole', async () => {
  const same = shoal.remote((value: Uint32Array) => value)
  const came = await shoal.get(same.remote(patterned(200 * megabyte, 1)))
  assert(isPatterned(came, 1))
})

await check('a value is seen where it lies: gets of one program share it, and what a task writes there is the task’s own', async () => {
  const ref = await shoal.put(patterned(4 * megabyte, 2))
  await untilNoViews()
  const first = await shoal.get(ref)
  assert.equal(viewsHere(), 1)
  assert.equal((await shoal.get(ref)).buffer, first.buffer)
  const spoil = shoal.remote((value: Uint32Array) => value.fill(1).length)
  assert.equal(await shoal.get(spoil.remote(ref)), megabyte)
  assert(isPatterned(first, 2))
  first.fill(0)
  const look = shoal.remote((value: Uint32Array) => value[100])
  assert.equal(await shoal.get(look.remote(ref)), Math.imul(102, 2_654_435_761) >>> 0)
})

await check('a value of every size around the limits arrives whole, as argument, result, item and in the store', async () => {
  const sizes = [102_300, 102_400, 102_404, 103_000, 1_000_000, 1_048_580, 5_000_000]
  const both = shoal.remote((value: Uint32Array) => [value, value.length] as const, { numReturns: 2 })
  const items = shoal.remote(function* (value: Uint32Array) {
    yield value
    yield value
  })
  for (const [seed, size] of sizes.entries()) {
    const value = patterned(size, seed)
    const [result, length] = both.remote(value) as unknown as [shoal.ObjectRef<Uint32Array>, shoal.ObjectRef<number>] // as numReturns says
    assert(isPatterned(await shoal.get(result), seed))
    assert.equal(await shoal.get(length), value.length)
    assert(isPatterned(await shoal.get(await shoal.put(value)), seed))
    for await (const item of items.remote(value)) assert(isPatterned(await shoal.get(item), seed))
  }
})

await check('many views are held at once, and stay what they are while others come and go', async () => {
  const refs = await Promise.all(Array.from({ length: 150 }, (_, seed) => shoal.put(patterned(megabyte, seed))))
  const values = await shoal.get(refs)
  for (const ref of refs) ref[Symbol.dispose]()
  for (let round = 0; round < 20; round += 1) (await shoal.put(new Uint8Array(20 * megabyte).fill(255)))[Symbol.dispose]()
  assert(values.every((value, seed) => isPatterned(value, seed)))
})

await check('what nobody uses any more goes back to the store, which needs no more room', async () => {
  const length = shoal.remote((value: Uint8Array) => value.length)
  for (let round = 0; round < 40; round += 1) {
    const ref = await shoal.put(new Uint8Array(40 * megabyte))
    assert.equal((await shoal.get(ref)).length, 40 * megabyte)
    assert.equal(await shoal.get(length.remote(ref)), 40 * megabyte)
    ref[Symbol.dispose]()
  }
  assert.equal(overflowFiles(), 0)
  await untilNoViews()
})

await check('large arguments that are made faster than they are taken keep their order and their bytes', async () => {
  class Sums {
    readonly seen: number[] = []
    add(value: Uint8Array): void {
      this.seen.push(value[0] === value.at(-1) ? (value[0] ?? -1) : -1)
    }
    all(): number[] {
      return this.seen
    }
  }
  const sums = shoal.actor(Sums).remote()
  const value = new Uint8Array(64 * megabyte)
  for (let index = 0; index < 18; index += 1) sums.add.remote(value.fill(index)) // more than the memory on their way holds
  assert.deepEqual(await shoal.get(sums.all.remote()), [...Array(18).keys()])
})

await check('a worker that is killed while it holds a view leaves the object to others, and nothing of its own', async () => {
  class Holder {
    value: Uint32Array | null = null
    hold(value: Uint32Array): number[] {
      this.value = value
      return [process.pid, process.ppid]
    }
    look(): number {
      return this.value?.[0] ?? -1
    }
  }
  const ref = await shoal.put(patterned(50 * megabyte, 9))
  for (const victim of [0, 1]) {
    const holder = shoal.actor(Holder).remote()
    const pids = await shoal.get(holder.hold.remote(ref))
    process.kill(pids[victim] ?? 0, 'SIGKILL')
    assert((await rejection(shoal.get(holder.look.remote()))) instanceof shoal.ActorDiedError)
    assert(isPatterned(await shoal.get(ref), 9))
    await until('both its processes have ended', () => pids.every((pid) => !readdirSync('/proc').includes(String(pid))))
  }
})

await check('after the end nothing of it is left in memory', async () => {
  const raylet = rayletPid()
  assert(linksOf('self').some((link) => link.startsWith('/dev/shm')))
  await shoal.shutdown()
  assert.deepEqual(
    linksOf('self').filter((link) => link.startsWith('/dev/shm')),
    [],
  )
  await until('Ray has ended', () => !readdirSync('/proc').includes(String(raylet)))
})

finish()
