import assert from 'node:assert/strict'
import * as shoal from 'shoal'
import { check, finish, rejection } from '../support/checks.ts'

const megabyte = 1024 * 1024
await shoal.init({ numCpus: 2, objectStoreMemory: 80 * megabyte })

/** Bytes that say which object they belong to, everywhere. */
const block = (index: number): Float64Array => new Float64Array((10 * megabyte) / 8).fill(index + 0.5)
const isBlock = (values: Float64Array, index: number): boolean =>
  values.length === (10 * megabyte) / 8 && values.every((value) => value === index + 0.5)

await check('300 MB of live objects fit through a store of 80 MB, and each comes back as it was', async () => {
  const refs: shoal.ObjectRef<Float64Array>[] = []
  for (let index = 0; index < 30; index += 1) refs.push(await shoal.put(block(index)))
  for (const [index, ref] of refs.entries()) assert(isBlock(await shoal.get(ref), index), `object ${index}`)
  shoal.free(refs)
})

await check('results of tasks are spilled and restored as well, also as arguments', async () => {
  const make = shoal.remote((index: number) => new Float64Array((10 * 1024 * 1024) / 8).fill(index + 0.5))
  const sum = shoal.remote((values: Float64Array) => values[0] === values[values.length - 1] && values[0])
  const refs = Array.from({ length: 15 }, (_, index) => make.remote(index))
  assert.deepEqual(
    await shoal.get(refs.map((ref) => sum.remote(ref))),
    Array.from({ length: 15 }, (_, index) => index + 0.5),
  )
  shoal.free(refs)
})

await check('an object larger than the store is refused with ObjectStoreFullError', async () => {
  const error = await rejection(shoal.put(new Uint8Array(120 * megabyte)))
  assert(error instanceof shoal.ObjectStoreFullError, String(error))
  assert.equal(error.code, 'store.full')
})

await check('a store full of objects in use refuses the next, names itself, and what exists stays readable', async () => {
  const refs: shoal.ObjectRef<Float64Array>[] = []
  const views: Float64Array[] = []
  let error: Error | undefined
  for (let index = 0; index < 12 && !error; index += 1) {
    try {
      const ref = await shoal.put(block(index), { timeout: '4s' })
      refs.push(ref)
      views.push(await shoal.get(ref)) // held: it cannot be moved to disk
    } catch (thrown) {
      error = thrown as Error
    }
  }
  assert(error instanceof shoal.ObjectStoreFullError, String(error))
  assert(views.length >= 5)
  for (const [index, view] of views.entries()) assert(isBlock(view, index))
  shoal.free(refs)
})

await shoal.shutdown()
finish()
