import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as shoal from 'shoal'
import { check, finish, ownCluster, rejection } from '../support/checks.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-errors-'))
await shoal.init(ownCluster({ numCpus: 2 }))

await check('an error arrives as TaskError and as its own class, with its fields and its cause', async () => {
  class QuotaError extends Error {
    readonly used: number
    constructor(used: number) {
      super(`used ${used}`)
      this.used = used
    }
  }
  const fail = shoal.remote(() => {
    throw new QuotaError(7)
  })
  const error = await rejection(shoal.get(fail.remote()))
  assert(error instanceof shoal.TaskError)
  assert(error instanceof QuotaError)
  assert.equal(error.used, 7)
  assert.equal(error.name, 'TaskError(QuotaError)')
  assert(error.cause instanceof QuotaError)
})

await check('a function that captures more than can travel is refused at its first call, by name', async () => {
  const data = new Uint8Array(65 * 1024 * 1024)
  const heavy = shoal.remote(() => data.length)
  const error = await rejection((async () => shoal.get(heavy.remote()))())
  assert(error instanceof shoal.ClusterError, error.stack)
  assert.equal(error.code, 'function.not-portable')
  assert.match(error.message, /65\.\d MiB with all that it captures, and 63\.9 MiB can travel; put its data with shoal\.put/)
})

await check("a TaskError is no TaskError's cause, and other errors are none", async () => {
  const error = await rejection(shoal.get(shoal.remote(() => Promise.reject(new SyntaxError('no'))).remote()))
  assert(error instanceof shoal.TaskError && error instanceof SyntaxError)
  assert(!((error.cause as object) instanceof shoal.TaskError))
  assert(!((new Error('mine') as object) instanceof shoal.TaskError))
})

await check('causes and the errors of an AggregateError come along', async () => {
  const fail = shoal.remote(() => {
    const cause = new TypeError('deep', { cause: new RangeError('deeper') })
    throw new AggregateError([new RangeError('one'), new TypeError('two')], 'several', { cause })
  })
  const error = await rejection(shoal.get(fail.remote()))
  assert(error instanceof AggregateError)
  assert.deepEqual(
    error.errors.map((one: Error) => `${one.name}: ${one.message}`),
    ['RangeError: one', 'TypeError: two'],
  )
  const original = error.cause as Error
  assert(original instanceof AggregateError)
  assert((original.cause as Error) instanceof TypeError)
  assert(((original.cause as Error).cause as Error) instanceof RangeError)
})

await check('what is thrown and is no Error is told in words and kept', async () => {
  for (const [thrown, words] of [
    ['just text', /just text/],
    [42, /42/],
    [{ code: 'E_MINE' }, /object|E_MINE/],
    [undefined, /undefined/],
  ] as const) {
    const fail = shoal.remote((value: unknown) => {
      throw value
    })
    const error = await rejection(shoal.get(fail.remote(thrown)))
    assert(error instanceof shoal.TaskError)
    assert.match(error.message, words)
  }
})

await check('an error whose fields cannot travel arrives with what can', async () => {
  const fail = shoal.remote(() => {
    const error = new Error('holds a socket') as Error & { socket: unknown; port: number }
    error.socket = new WeakMap()
    error.port = 80
    throw error
  })
  const error = (await rejection(shoal.get(fail.remote()))) as Error & { port?: number }
  assert.equal(error.message, 'holds a socket')
  assert.equal(error.port, 80)
})

await check('an error that throws when it is read still says that the task failed', async () => {
  const fail = shoal.remote(() => {
    const error = new Error('hidden')
    Object.defineProperty(error, 'message', {
      get() {
        throw new Error('no reading')
      },
    })
    throw error
  })
  const error = await rejection(shoal.get(fail.remote()))
  assert(error instanceof shoal.TaskError)
})

await check('errors of Node keep their code, and errors of ours theirs', async () => {
  const read = shoal.remote(async () => {
    const { readFile } = await import('node:fs/promises')
    return readFile('/nowhere/at/all')
  })
  assert.equal(((await rejection(shoal.get(read.remote()))) as NodeJS.ErrnoException).code, 'ENOENT')
  const wrong = shoal.remote(() => shoal.remote(5 as never))
  const error = await rejection(shoal.get(wrong.remote()))
  assert(error instanceof shoal.ClusterError)
  assert.equal(error.code, 'bad-argument')
})

await check("the stack shows the program's own file and line, and none of our frames", async () => {
  const fail = shoal.remote(function failing() {
    throw new Error('look at the line') // LINE A
  })
  const { readFileSync } = await import('node:fs')
  const here = fileURLToPath(import.meta.url)
  const line =
    readFileSync(here, 'utf8')
      .split('\n')
      .findIndex((text) => text.endsWith('// LINE A')) + 1
  const error = await rejection(shoal.get(fail.remote()))
  assert.match(error.stack ?? '', new RegExp(`failing.*errors\\.ts:${line}:`))
  assert(!/runtime\/(worker|sdk)\/|worker\.mjs|shoal\.mjs|chunk-/.test(error.stack ?? ''), error.stack)
  assert.match(error.stack ?? '', /in failing \(.*worker [0-9a-f]{8}.*node [0-9a-f]{8}/)
})

await check('an error passes through nested tasks as what it was', async () => {
  class Deep extends Error {}
  const inner = shoal.remote(() => {
    throw new Deep('from below')
  })
  const outer = shoal.remote(async () => shoal.get(inner.remote()))
  const error = await rejection(shoal.get(outer.remote()))
  assert(error instanceof Deep, String(error.stack))
  assert(error instanceof shoal.TaskError)
  assert.equal(error.message, 'from below')
})

await check('a failed dependency fails the dependent without running it, with the original cause', async () => {
  class Original extends Error {}
  const fail = shoal.remote(() => {
    throw new Original('first')
  })
  const ran = join(folder, 'ran')
  const dependent = shoal.remote((_value: unknown, path: string) => writeFileSync(path, 'ran'))
  const last = shoal.remote((value: unknown) => value)
  const ref = last.remote(dependent.remote(fail.remote(), ran))
  assert((await rejection(shoal.get(ref))) instanceof Original)
  assert(!existsSync(ran))
})

await check('a return value that cannot travel fails the task, naming where it is', async () => {
  const fail = shoal.remote(() => ({ list: [1, { handle: new WeakRef({}) }] }))
  const error = await rejection(shoal.get(fail.remote()))
  assert(error instanceof shoal.ClusterError)
  assert.equal(error.code, 'value.not-serializable')
  assert.match(error.message, /list.*1.*handle/)
})

await check('an argument that cannot travel is refused at the call', () => {
  const take = shoal.remote((value: object) => typeof value)
  assert.throws(
    () => take.remote({ inside: new WeakMap() }),
    (error) => error instanceof shoal.ClusterError && error.code === 'value.not-serializable' && /inside/.test(error.message),
  )
})

await check('a list in get rejects at the first failure without waiting for the rest', async () => {
  const slow = shoal.remote(() => new Promise((resolve) => setTimeout(resolve, 5_000)))
  const fail = shoal.remote(() => {
    throw new RangeError('at once')
  })
  const pending = slow.remote()
  const from = performance.now()
  assert((await rejection(shoal.get([pending, fail.remote()]))) instanceof RangeError)
  assert(performance.now() - from < 4_000)
  shoal.cancel(pending, { force: true })
})

await check('the same failed ref throws each time it is asked for', async () => {
  const ref = shoal
    .remote(() => {
      throw new RangeError('again')
    })
    .remote()
  assert((await rejection(shoal.get(ref))) instanceof RangeError)
  assert((await rejection(shoal.get(ref))) instanceof RangeError)
})

await shoal.shutdown()
rmSync(folder, { recursive: true, force: true })
finish()
