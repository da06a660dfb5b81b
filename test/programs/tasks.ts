import assert from 'node:assert/strict'
import * as shoal from 'shoal'
import { check, finish, rejection } from '../support/checks.ts'

await shoal.init({ numCpus: 2 })

await check('a task returns what its function returns', async () => {
  const add = shoal.remote((a: number, b: number) => a + b)
  assert.equal(await shoal.get(add.remote(5, 10)), 15)
})

await check('a list of refs gives values in order', async () => {
  const multiply = shoal.remote((x: number, y: number) => x * y)
  assert.deepEqual(await shoal.get([0, 1, 2, 3, 4].map((i) => multiply.remote(i, i + 1))), [0, 2, 6, 12, 20])
})

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
  assert(error.cause instanceof QuotaError)
})

await shoal.shutdown()
finish()
