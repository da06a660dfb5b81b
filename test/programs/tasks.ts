import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as shoal from 'shoal'
import { check, finish, ownCluster, rejection, until } from '../support/checks.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-tasks-'))
/** Runs of a function are counted by the bytes it appends here, as its process may die in between. */
const counterFile = (name: string): string => join(folder, name)
const countIn = (file: string): number => readFileSync(file).length

const begunMs = Date.now()
await shoal.init(ownCluster({ numCpus: 2, numGpus: 2, resources: { tool: 1 }, onWarning: () => {} }))

await check('a task returns what its function returns', async () => {
  const add = shoal.remote((a: number, b: number) => a + b)
  assert.equal(await shoal.get(add.remote(5, 10)), 15)
})

await check('a list of refs gives values in order', async () => {
  const multiply = shoal.remote((x: number, y: number) => x * y)
  assert.deepEqual(await shoal.get([0, 1, 2, 3, 4].map((i) => multiply.remote(i, i + 1))), [0, 2, 6, 12, 20])
})

await check('an async function gives what its promise resolves to', async () => {
  const later = shoal.remote(async (x: number) => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    return x * 2
  })
  assert.equal(await shoal.get(later.remote(21)), 42)
})

await check('unknown options and wrong values are refused by name where they are given', () => {
  const fn = () => 1
  const refused = (options: object, option: string): void => {
    assert.throws(
      () => shoal.remote(fn, options),
      (error) => error instanceof shoal.ClusterError && error.code === 'bad-argument' && error.message.includes(option),
      option,
    )
  }
  refused({ numCpu: 1 }, 'numCpu')
  refused({ numCpus: -1 }, 'numCpus')
  refused({ numGpus: 1.5 }, 'numGpus')
  refused({ numReturns: -1 }, 'numReturns')
  refused({ numReturns: 1.5 }, 'numReturns')
  refused({ maxRetries: -2 }, 'maxRetries')
  refused({ maxCalls: 0.5 }, 'maxCalls')
  refused({ resources: { CPU: 1 } }, 'resources')
  refused({ resources: { GPU: 1 } }, 'resources')
  refused({ numReturns: 'dynamic' }, 'numReturns')
  refused({ retryExceptions: 'yes' }, 'retryExceptions')
  refused({ generatorBackpressure: 0 }, 'generatorBackpressure')
  refused({ schedulingStrategy: 'PACK' }, 'schedulingStrategy')
  refused({ numCpus: '2' }, 'numCpus')
  assert.throws(() => shoal.remote('x' as never), /takes a function/)
  assert.throws(() => shoal.remote(class A {} as never), /shoal.actor/)
  assert.throws(() => shoal.remote(fn).options({ nmae: 'x' } as never), /nmae/)
})

await check('options on the fly change one call and leave the function as it was', async () => {
  const who = shoal.remote(() => shoal.runtimeContext().taskName, { name: 'first' })
  assert.equal(await shoal.get(who.options({ name: 'second' }).remote()), 'second')
  assert.equal(await shoal.get(who.remote()), 'first')
})

await check('numReturns gives as many refs, none with 0', async () => {
  const three = shoal.remote(() => ['a', 'b', 'c'] as const, { numReturns: 3 })
  const refs = three.remote()
  assert.equal(refs.length, 3)
  assert.deepEqual(await shoal.get(refs), ['a', 'b', 'c'])
  assert.deepEqual(shoal.remote(() => undefined, { numReturns: 0 }).remote(), [])
  const one = shoal.remote(() => [1, 2], { numReturns: 1 })
  assert.deepEqual(await shoal.get(one.remote()), [1, 2])
})

await check('a wrong count of returns fails every ref with a RangeError inside a TaskError', async () => {
  const two = shoal.remote(() => [1, 2, 3], { numReturns: 2 })
  for (const ref of two.remote()) {
    const error = await rejection(shoal.get(ref))
    assert(error instanceof shoal.TaskError && error instanceof RangeError)
    assert.match(error.message, /must return 2 values, but returned 3/)
  }
  const none = shoal.remote(() => 7, { numReturns: 2 })
  const [first] = none.remote()
  assert.match((await rejection(shoal.get(first as shoal.ObjectRef<unknown>))).message, /must return an array of 2/)
})

await check('3,000 returns of one task arrive in order', async () => {
  const many = shoal.remote(() => Array.from({ length: 3_000 }, (_, i) => i), { numReturns: 3_000 })
  const values = await shoal.get(many.remote())
  assert.equal(values.length, 3_000)
  assert(values.every((value, index) => value === index))
})

await check('10,000 arguments that are refs reach one task, resolved and in order', async () => {
  const refs = await Promise.all(Array.from({ length: 10_000 }, (_, i) => shoal.put(i)))
  const sum = shoal.remote((...values: number[]) =>
    values.reduce((total, value, index) => total + (value === index ? value : Number.NaN), 0),
  )
  assert.equal(await shoal.get(sum.remote(...refs)), 49_995_000)
})

await check('10,000 refs in one get give their values in order', async () => {
  const same = shoal.remote((x: number) => x)
  const values = await shoal.get(Array.from({ length: 10_000 }, (_, i) => same.remote(i)))
  assert(values.length === 10_000 && values.every((value, index) => value === index))
})

await check('a worker that exits is tried maxRetries times more, 3 by default, then says how it ended', async () => {
  const crash = shoal.remote((file: string) => {
    appendFileSync(file, 'x')
    console.log('last words of the worker')
    process.exit(7)
  })
  const file = counterFile('exit')
  const error = await rejection(shoal.get(crash.remote(file)))
  assert(error instanceof shoal.WorkerCrashedError, String(error))
  assert.equal(countIn(file), 4)
  assert.match(error.message, /exit code 7/)
  assert.match(error.message, /last words of the worker/)
  assert.match(error.message, /run 4 times/)
  assert.equal(error.details['exitCode'], 7)
})

await check('a worker killed by a signal is named so, and maxRetries 0 runs it once', async () => {
  const suicide = shoal.remote(
    (file: string) => {
      appendFileSync(file, 'x')
      process.kill(process.pid, 'SIGKILL')
      return new Promise(() => {}) // never: the process is gone
    },
    { maxRetries: 0 },
  )
  const file = counterFile('kill')
  const error = await rejection(shoal.get(suicide.remote(file)))
  assert(error instanceof shoal.WorkerCrashedError, String(error))
  assert.equal(countIn(file), 1)
  assert.match(error.message, /SIGKILL/)
  assert.equal(error.details['signal'], 'SIGKILL')
})

await check('a crash that does not come again is hidden by a retry', async () => {
  const once = shoal.remote((file: string) => {
    appendFileSync(file, 'x')
    if (readFileSync(file).length < 3) process.kill(process.pid, 'SIGKILL')
    return 'survived'
  })
  const file = counterFile('once')
  assert.equal(await shoal.get(once.remote(file)), 'survived')
  assert.equal(countIn(file), 3)
})

await check('tasks that ran beside a crashing one are each right, and none is charged for it', async () => {
  const mixed = shoal.remote(
    (index: number, file: string) => {
      if (index !== 17) return index
      appendFileSync(file, 'x')
      process.exit(1)
    },
    { maxRetries: 1 },
  )
  const file = counterFile('mixed')
  const refs = Array.from({ length: 50 }, (_, index) => mixed.remote(index, file))
  const settled = await Promise.allSettled(refs.map((ref) => shoal.get(ref)))
  for (const [index, one] of settled.entries()) {
    if (index === 17) assert(one.status === 'rejected' && one.reason instanceof shoal.WorkerCrashedError)
    else assert(one.status === 'fulfilled' && one.value === index, `task ${index}: ${JSON.stringify(one)}`)
  }
  assert.equal(countIn(file), 2)
})

await check('errors of the function are not retried unless asked, then as often as maxRetries says', async () => {
  const flaky = (file: string) => {
    appendFileSync(file, 'x')
    if (readFileSync(file).length < 3) throw new RangeError('not yet')
    return readFileSync(file).length
  }
  const plain = counterFile('plain')
  assert((await rejection(shoal.get(shoal.remote(flaky).remote(plain)))) instanceof RangeError)
  assert.equal(countIn(plain), 1)
  assert.equal(await shoal.get(shoal.remote(flaky, { retryExceptions: true }).remote(counterFile('all'))), 3)
  assert.equal(await shoal.get(shoal.remote(flaky, { retryExceptions: [RangeError] }).remote(counterFile('listed'))), 3)
  const other = counterFile('other')
  await rejection(shoal.get(shoal.remote(flaky, { retryExceptions: [SyntaxError] }).remote(other)))
  assert.equal(countIn(other), 1)
  const limited = counterFile('limited')
  await rejection(shoal.get(shoal.remote(flaky, { retryExceptions: true, maxRetries: 1 }).remote(limited)))
  assert.equal(countIn(limited), 2)
})

await check('retryExceptions takes classes of the program, and their subclasses', async () => {
  class Transient extends Error {}
  class Busy extends Transient {}
  const flaky = shoal.remote(
    (file: string) => {
      appendFileSync(file, 'x')
      if (readFileSync(file).length < 2) throw new Busy('busy')
      return 'done'
    },
    { retryExceptions: [Transient] },
  )
  assert.equal(await shoal.get(flaky.remote(counterFile('subclass'))), 'done')
})

await check('maxCalls 1 gives each run a fresh process, maxCalls 2 every other', async () => {
  const pid = () => process.pid
  const fresh = shoal.remote(pid, { maxCalls: 1 })
  const pids = await shoal.get(Array.from({ length: 5 }, () => fresh.remote()))
  assert.equal(new Set(pids).size, 5)
  const pairs = shoal.remote(pid, { maxCalls: 2, numCpus: 2 })
  const seen = await shoal.get(Array.from({ length: 4 }, () => pairs.remote()))
  assert(
    seen.every((one) => seen.filter((other) => other === one).length <= 2),
    String(seen),
  )
})

await check('a function may call itself on the cluster', async () => {
  const fib: shoal.RemoteFunction<[number], shoal.ObjectRef<number>, Promise<number>> = shoal.remote(async (n: number): Promise<number> => {
    if (n < 2) return n
    const [a, b] = await shoal.get([fib.remote(n - 1), fib.remote(n - 2)])
    return (a as number) + (b as number)
  })
  assert.equal(await shoal.get(fib.remote(8)), 21)
})

await check('GPUs are handed out by number in CUDA_VISIBLE_DEVICES, each once at a time', async () => {
  const meeting = mkdtempSync(join(tmpdir(), 'shoal-test-meeting-'))
  const show = shoal.remote(
    async (me: string) => {
      writeFileSync(join(meeting, me), '')
      while (readdirSync(meeting).length < 2) await new Promise((resolve) => setTimeout(resolve, 5)) // both hold a device now
      return [process.env['CUDA_VISIBLE_DEVICES'], shoal.runtimeContext().acceleratorIds['GPU']?.join(',')]
    },
    { numGpus: 1 },
  )
  const [a, b] = await shoal.get([show.remote('a'), show.remote('b')])
  rmSync(meeting, { recursive: true })
  assert.deepEqual([a?.[0], b?.[0]].sort(), ['0', '1'])
  assert.equal(a?.[0], a?.[1])
  const both = shoal.remote(() => process.env['CUDA_VISIBLE_DEVICES'], { numGpus: 2 })
  assert.equal(await shoal.get(both.remote()), '0,1')
})

await check('fractions of a GPU share one device', async () => {
  const show = shoal.remote(
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 50))
      return process.env['CUDA_VISIBLE_DEVICES']
    },
    { numGpus: 0.5, numCpus: 0.5 },
  )
  const [a, b] = await shoal.get([show.remote(), show.remote()])
  assert.equal(a, b)
})

await check('custom resources and fractions of CPUs limit what runs at once', async () => {
  const now = () => performance.timeOrigin + performance.now()
  const spanOf = async (ms: number) => {
    const from = now()
    await new Promise((resolve) => setTimeout(resolve, ms))
    return [from, now()] as const
  }
  const overlaps = (spans: (readonly [number, number])[]): number =>
    Math.max(...spans.map(([from]) => spans.filter((other) => other[0] <= from && from < other[1]).length))
  const exclusive = shoal.remote(spanOf, { numCpus: 0, resources: { tool: 1 } })
  assert.equal(overlaps(await shoal.get([60, 60, 60].map((ms) => exclusive.remote(ms)))), 1)
  const half = shoal.remote(spanOf, { numCpus: 0.5 })
  const most = overlaps(await shoal.get(Array.from({ length: 8 }, () => half.remote(150))))
  assert(most > 1 && most <= 4, `${most} ran at once`)
})

await check('the runtime context names job, node, worker, task and attempt', async () => {
  const driver = shoal.runtimeContext()
  assert.equal(driver.taskId, null)
  assert.equal(driver.signal, null)
  const look = shoal.remote(
    function look(file: string) {
      appendFileSync(file, 'x')
      if (readFileSync(file).length === 1) throw new Error('again')
      const { jobId, nodeId, workerId, taskId, taskName, attempt, actorId, namespace } = shoal.runtimeContext()
      return { jobId, nodeId, workerId, taskId, taskName, attempt, actorId, namespace }
    },
    { retryExceptions: true },
  )
  const ref = look.remote(counterFile('context'))
  const seen = await shoal.get(ref)
  assert.equal(seen.jobId, driver.jobId)
  assert.equal(seen.nodeId, driver.nodeId)
  assert.equal(seen.namespace, driver.namespace)
  assert.notEqual(seen.workerId, driver.workerId)
  assert.equal(seen.taskId, ref.id.slice(0, 48))
  assert.equal(seen.taskName, 'look')
  assert.equal(seen.attempt, 1)
  assert.equal(seen.actorId, null)
})

await check('clusterResources says what there is, availableResources what is free', async () => {
  const total = await shoal.clusterResources()
  assert.equal(total['CPU'], 2)
  assert.equal(total['GPU'], 2)
  assert.equal(total['tool'], 1)
  await until('everything is free', async () => (await shoal.availableResources())['CPU'] === 2)
  const hold = shoal.remote(
    async (gate: string) => {
      const { existsSync } = await import('node:fs')
      while (!existsSync(gate)) await new Promise((resolve) => setTimeout(resolve, 5))
    },
    { resources: { tool: 0.25 } },
  )
  const gate = join(folder, 'tool.gate')
  const ref = hold.remote(gate)
  await until('a quarter of the tool is taken', async () => (await shoal.availableResources())['tool'] === 0.75)
  writeFileSync(gate, '')
  await shoal.get(ref)
  await until('it is given back', async () => (await shoal.availableResources())['tool'] === 1)
})

await check('the timeline is a list of Chrome trace events of the tasks that ran', async () => {
  const named = shoal.remote(() => 1, { name: 'shown in the timeline' })
  await shoal.get([named.remote(), named.remote()])
  await until(
    'both spans are there',
    async () => (await shoal.timeline()).filter((event) => event.name === 'shown in the timeline').length === 2,
  )
  for (const event of await shoal.timeline()) {
    assert.equal(event.ph, 'X')
    assert(event.dur >= 0)
    assert(event.ts / 1_000 > begunMs - 5_000 && event.ts / 1_000 < Date.now() + 5_000, `${event.ts} µs, begun at ${begunMs} ms`)
  }
})

await check('init twice is refused; after shutdown a new cluster can be joined', async () => {
  const error = await rejection(shoal.init())
  assert(error instanceof shoal.ClusterError && error.code === 'bad-argument')
  await shoal.shutdown()
  assert.equal(shoal.isInitialized(), false)
  assert.throws(() => shoal.remote(() => 1).remote(), /init/)
  await shoal.init({ numCpus: 1 })
  assert.equal(await shoal.get(shoal.remote(() => 'again').remote()), 'again')
})

await shoal.shutdown()
rmSync(folder, { recursive: true, force: true })
finish()
