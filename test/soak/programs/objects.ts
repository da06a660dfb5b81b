// node objects.ts COUNT BYTES ANSWER: objects made on all nodes, held all at once, so that stores fill and spill, and read by tasks elsewhere.
import * as shoal from 'shoal'
import { tellAnswer } from './answers.ts'

const [count = 0, bytes = 0] = process.argv.slice(2).map(Number)
await shoal.init({ onWarning: () => {} })
const make = shoal.remote((index: number, size: number) => new Uint8Array(size).fill(index % 251), {
  maxRetries: -1,
  numCpus: 0.25,
  schedulingStrategy: 'SPREAD',
})
const sum = shoal.remote((value: Uint8Array) => value.reduce((total, byte) => total + byte, 0), { maxRetries: -1, numCpus: 0.25 })

/** While there is no room, in memory or on the disk, that is said by name, and can be tried again. */
async function whenThereIsRoom<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await ask()
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
      const isRoom = [error, cause].some((each) => each instanceof shoal.ObjectStoreFullError || each instanceof shoal.OutOfDiskError)
      if (!isRoom || attempt > 60) throw error
      console.log(`no room, try ${attempt}: ${String(cause).slice(0, 200)}`)
      await new Promise((resolve) => setTimeout(resolve, 2_000))
    }
  }
}

/** A ref and the sum of what is behind it; made anew when its own task found no room. */
async function oneObject(index: number): Promise<{ ref: shoal.ObjectRef<Uint8Array>; total: number }> {
  return whenThereIsRoom(async () => {
    const ref = make.remote(index, bytes)
    return { ref, total: await shoal.get(sum.remote(ref as never)) }
  })
}

const held = await Promise.all(Array.from({ length: count }, (_, index) => oneObject(index)))
let total = 0
for (const [index, { ref, total: told }] of held.entries()) {
  const value = await whenThereIsRoom(() => shoal.get(ref))
  if (value.length !== bytes || value.some((byte) => byte !== index % 251)) throw new Error(`object ${index} is not what was put into it`)
  if (told !== (index % 251) * bytes) throw new Error(`object ${index}: a task read ${told}`)
  total += told
}
tellAnswer(total)
await shoal.shutdown()
