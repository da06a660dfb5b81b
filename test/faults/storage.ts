import assert from 'node:assert/strict'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as shoal from 'shoal'
import { check, finish, rejection, until } from '../support/checks.ts'
import { startCluster, type NodeOptions, type TestCluster } from '../support/cluster.ts'
import { enterNamespace, system } from '../support/own-namespace.ts'

enterNamespace('mount')

const base = mkdtempSync(join(tmpdir(), 'shoal-storage-'))
const megabyte = 1024 * 1024

/** A small disk of its own. */
function aDisk(name: string, megabytes: number): string {
  const path = join(base, name)
  mkdirSync(path, { mode: 0o700 })
  system('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'none', path)
  return path
}

/** Somebody else's file, which leaves so many bytes free. Returns how to remove it. */
function fill(disk: string, leaveBytes: number): () => void {
  const path = join(disk, 'filler')
  const file = openSync(path, 'w')
  const block = Buffer.alloc(4_096)
  for (let stats = statfsSync(disk); stats.bavail * stats.bsize > leaveBytes; stats = statfsSync(disk)) {
    const size = Math.min(64 * 1_024 * 1_024, stats.bavail * stats.bsize - leaveBytes)
    try {
      for (let written = 0; written < size; written += block.length) writeSync(file, block)
    } catch {
      break // others write too
    }
  }
  closeSync(file)
  return () => rmSync(path)
}

/** Joins a cluster of one node for as long as `body` takes. `disk`: where its folder lies. */
async function withNode(node: NodeOptions, body: (cluster: TestCluster) => Promise<void>, disk?: string): Promise<void> {
  if (disk !== undefined) process.env['TMPDIR'] = disk
  const cluster = await startCluster({ nodes: [node] })
  delete process.env['TMPDIR']
  try {
    await shoal.init({ address: cluster.address, tempDir: cluster.tempDir, onWarning: () => {} })
    await body(cluster)
  } finally {
    await shoal.shutdown()
    await cluster.stop()
  }
}

const bytesOf = (size: number, value: number) => new Uint8Array(size).fill(value)
async function assertHolds(ref: shoal.ObjectRef<Uint8Array>, value: number): Promise<void> {
  const bytes = await shoal.get(ref)
  assert.ok(bytes.every((byte) => byte === value))
}

await check('a full shared memory is a named error, and what exists stays readable', async () => {
  const memory = aDisk('memory', 64)
  await withNode({ cpus: 1, objectStoreBytes: 56 * megabyte, config: { storeRoot: memory, storeCreateTimeoutMs: 1_500 } }, async () => {
    const empty = fill(memory, 8 * megabyte)
    const first = await shoal.put(bytesOf(3 * megabyte, 1))
    await assertHolds(first, 1)
    const error = await rejection(shoal.put(bytesOf(40 * megabyte, 2)))
    assert.ok(error instanceof shoal.ObjectStoreFullError, error.stack)
    await assertHolds(first, 1)
    const small = await shoal.put(bytesOf(200_000, 3))
    await assertHolds(small, 3)
    const task = shoal.remote((size: number) => new Uint8Array(size).fill(4), { maxRetries: 0 })
    const failed = await rejection(shoal.get(task.remote(40 * megabyte)))
    assert.ok(failed instanceof shoal.ObjectStoreFullError || failed.cause instanceof shoal.ObjectStoreFullError, failed.stack)
    empty()
    const later = await shoal.put(bytesOf(40 * megabyte, 5), { timeout: '30s' })
    await assertHolds(later, 5)
    await assertHolds(first, 1)
  })
})

await check('a store that holds only what is in use is full, by name', async () => {
  await withNode({ cpus: 1, objectStoreBytes: 20 * megabyte, config: { storeCreateTimeoutMs: 1_000 } }, async () => {
    const refs = await Promise.all([1, 2, 3, 4].map((value) => shoal.put(bytesOf(4 * megabyte, value))))
    const views = await shoal.get(refs) // in use: none of them can go to disk
    const error = await rejection(shoal.put(bytesOf(8 * megabyte, 9)))
    assert.ok(error instanceof shoal.ObjectStoreFullError, error.stack)
    for (const [index, view] of views.entries()) assert.ok(view.every((byte) => byte === index + 1))
    const tooLarge = await rejection(shoal.put(bytesOf(30 * megabyte, 9)))
    assert.ok(tooLarge instanceof shoal.ObjectStoreFullError, tooLarge.stack)
  })
})

await check('a full disk is a named error where the store has to spill, and what exists stays readable', async () => {
  const disk = aDisk('disk', 48)
  await withNode(
    { cpus: 1, objectStoreBytes: 20 * megabyte, config: { storeCreateTimeoutMs: 1_500 } },
    async () => {
      const refs: shoal.ObjectRef<Uint8Array>[] = []
      for (const value of [1, 2, 3, 4, 5, 6]) refs.push(await shoal.put(bytesOf(4 * megabyte, value))) // some are on the disk now
      const empty = fill(disk, 512 * 1_024)
      const error = await rejection(
        (async () => {
          for (const value of [7, 8, 9, 10, 11, 12]) refs.push(await shoal.put(bytesOf(4 * megabyte, value)))
        })(),
      )
      assert.ok(error instanceof shoal.OutOfDiskError, error.stack)
      for (const [index, ref] of refs.entries()) await assertHolds(ref, index + 1)
      empty()
      for (let value = refs.length + 1; value <= 9; value += 1) refs.push(await shoal.put(bytesOf(4 * megabyte, value), { timeout: '30s' }))
      for (const [index, ref] of refs.entries()) await assertHolds(ref, index + 1)
    },
    disk,
  )
})

await check('a full disk of the head refuses what is new, answers what is known, and goes on when there is room', async () => {
  const disk = aDisk('head', 32)
  await withNode(
    { cpus: 2 },
    async (cluster) => {
      const Counter = shoal.actor(
        class {
          #count = 0
          add(by: number) {
            this.#count += by
            return this.#count
          }
          say(line: string) {
            console.log(line)
            return true
          }
        },
        { numCpus: 0 },
      )
      const known = Counter.options({ name: 'known' }).remote()
      assert.equal(await shoal.get(known.add.remote(1)), 1)
      const plus = shoal.remote((value: number) => value + 1)
      assert.equal(await shoal.get(plus.remote(1)), 2)
      const empty = fill(disk, 0)
      // What finds the disk full was taken already and waits; from then on the head refuses.
      await until('a new actor is refused for the disk', () =>
        shoal.get(Counter.remote().add.remote(1), { timeout: '1s' }).then(
          () => false,
          (error: Error) => /disk/.test(error.message),
        ),
      )
      assert.equal(await shoal.get(known.add.remote(1)), 2)
      assert.equal(await shoal.get(plus.remote(2)), 3)
      assert.equal(await shoal.get(known.say.remote('into a log that is full')), true)
      assert.equal((await shoal.nodes()).filter((node) => node.alive).length, 1)
      assert.equal(await shoal.get((await shoal.getActor<{ add(by: number): number }>('known')).add.remote(1)), 3)
      empty()
      await until('actors can be made again', async () => {
        const next = Counter.remote()
        return shoal.get(next.add.remote(1), { timeout: '5s' }).then(
          (count) => count === 1,
          () => false,
        )
      })
      assert.ok(process.kill(cluster.headPid, 0))
    },
    disk,
  )
})

for (const name of ['memory', 'disk', 'head']) system('umount', '-l', join(base, name))
rmSync(base, { recursive: true, force: true })
finish()
