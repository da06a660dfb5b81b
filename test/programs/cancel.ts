import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as shoal from 'shoal'
import { check, finish, ownCluster, rejection, until } from '../support/checks.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-cancel-'))
await shoal.init(ownCluster({ numCpus: 2 }))

/** Runs until its signal says stop, and notes in a file how it went. */
const patient = shoal.remote(async (file: string) => {
  const { signal } = shoal.runtimeContext()
  appendFileSync(file, 'started ')
  await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }))
  appendFileSync(file, 'aborted ')
  signal?.throwIfAborted()
  return 'never'
})
/** A loop that hears nothing. */
const deaf = shoal.remote((file: string) => {
  appendFileSync(file, 'started ')
  for (;;);
})
const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '')
const started = (file: string): Promise<void> => until(`${file} has started`, () => textOf(file).includes('started'))

await check('a task that waits for a worker never runs once cancelled', async () => {
  const blocker = join(folder, 'blocker')
  const whole = patient.options({ numCpus: 2 }).remote(blocker)
  await started(blocker)
  const file = join(folder, 'pending')
  const pending = patient.remote(file)
  shoal.cancel(pending)
  assert((await rejection(shoal.get(pending))) instanceof shoal.TaskCancelledError)
  shoal.cancel(whole)
  await rejection(shoal.get(whole))
  assert.equal(textOf(file), '')
})

await check('a task that waits for an argument never runs once cancelled', async () => {
  const file = join(folder, 'argument')
  const argument = patient.remote(file)
  await started(file)
  const note = shoal.remote((_value: string, path: string) => appendFileSync(path, 'ran'))
  const ran = join(folder, 'argument-ran')
  const dependent = note.remote(argument, ran)
  shoal.cancel(dependent)
  assert((await rejection(shoal.get(dependent))) instanceof shoal.TaskCancelledError)
  shoal.cancel(argument)
  await rejection(shoal.get(argument))
  assert(!existsSync(ran))
})

await check('a running async task is told by its signal, and is not run again', async () => {
  const file = join(folder, 'running')
  const ref = patient.options({ retryExceptions: true, maxRetries: 5 }).remote(file)
  await started(file)
  shoal.cancel(ref)
  const error = await rejection(shoal.get(ref))
  assert(error instanceof shoal.TaskCancelledError, String(error))
  assert.equal(textOf(file), 'started aborted ')
})

await check('a task that waits in get is stopped there', async () => {
  const inner = join(folder, 'inner')
  const outer = join(folder, 'outer')
  const waits = shoal.remote(async (outerFile: string, innerFile: string) => {
    appendFileSync(outerFile, 'started ')
    try {
      return await shoal.get(patient.remote(innerFile))
    } catch (error) {
      appendFileSync(outerFile, `${(error as Error).name} `)
      throw error
    }
  })
  const ref = waits.remote(outer, inner)
  await started(inner)
  shoal.cancel(ref)
  assert((await rejection(shoal.get(ref))) instanceof shoal.TaskCancelledError)
  assert.equal(textOf(outer), 'started TaskCancelledError ')
  await until('its child was cancelled with it', () => textOf(inner).includes('aborted'))
})

await check('children go on with recursive false', async () => {
  const inner = join(folder, 'kept')
  const outer = join(folder, 'kept-outer')
  const stop = join(folder, 'kept-stop')
  const child = shoal.remote(async (file: string, stopFile: string) => {
    appendFileSync(file, 'started ')
    while (!existsSync(stopFile)) {
      if (shoal.runtimeContext().signal?.aborted) return appendFileSync(file, 'aborted ')
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    appendFileSync(file, 'finished ')
  })
  const parent = shoal.remote(async (file: string, innerFile: string, stopFile: string) => {
    appendFileSync(file, 'started ')
    await shoal.get(child.remote(innerFile, stopFile))
  })
  const ref = parent.remote(outer, inner, stop)
  await started(inner)
  shoal.cancel(ref, { recursive: false })
  assert((await rejection(shoal.get(ref))) instanceof shoal.TaskCancelledError)
  appendFileSync(stop, '')
  await until('the child has ended', () => textOf(inner).includes('finished') || textOf(inner).includes('aborted'))
  assert.equal(textOf(inner), 'started finished ')
})

await check('a loop without await ends only with force, which ends its process', async () => {
  const file = join(folder, 'deaf')
  const ref = deaf.remote(file)
  await started(file)
  shoal.cancel(ref)
  const early = await rejection(shoal.get(ref, { timeout: 100 }))
  assert(early instanceof shoal.GetTimeoutError)
  shoal.cancel(ref, { force: true })
  assert((await rejection(shoal.get(ref))) instanceof shoal.TaskCancelledError)
  assert.equal(textOf(file), 'started ')
  assert.equal(await shoal.get(shoal.remote(() => 'next').remote()), 'next')
})

await check('with force nested tasks end too', async () => {
  const inner = join(folder, 'deaf-child')
  const parent = shoal.remote(async (file: string) => shoal.get(deaf.remote(file)))
  const ref = parent.remote(inner)
  await started(inner)
  shoal.cancel(ref, { force: true })
  assert((await rejection(shoal.get(ref))) instanceof shoal.TaskCancelledError)
  const all = shoal.remote(() => 'all CPUs are free', { numCpus: 2 })
  assert.equal(await shoal.get(all.remote(), { timeout: '10s' }), 'all CPUs are free')
})

await check('cancel of a finished task changes nothing', async () => {
  const ref = shoal.remote(() => 42).remote()
  assert.equal(await shoal.get(ref), 42)
  shoal.cancel(ref)
  shoal.cancel(ref, { force: true })
  assert.equal(await shoal.get(ref), 42)
})

await check('cancel of one task of many leaves the others', async () => {
  const same = shoal.remote(async (x: number) => {
    await new Promise((resolve) => setTimeout(resolve, 1))
    return x
  })
  const refs = Array.from({ length: 100 }, (_, i) => same.remote(i))
  for (const [index, ref] of refs.entries()) if (index % 10 === 5) shoal.cancel(ref)
  const settled = await Promise.allSettled(refs.map((ref) => shoal.get(ref)))
  for (const [index, one] of settled.entries()) {
    if (one.status === 'fulfilled') assert.equal(one.value, index)
    else assert(index % 10 === 5 && one.reason instanceof shoal.TaskCancelledError)
  }
})

await check('a dependent of a cancelled task fails as that task did', async () => {
  const file = join(folder, 'source')
  const source = patient.remote(file)
  const dependent = shoal.remote((value: string) => value).remote(source)
  await started(file)
  shoal.cancel(source)
  assert((await rejection(shoal.get(dependent))) instanceof shoal.TaskCancelledError)
})

await shoal.shutdown()
rmSync(folder, { recursive: true, force: true })
finish()
