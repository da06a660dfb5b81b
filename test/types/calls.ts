// Checked by the compiler alone: a line under @ts-expect-error must be an error, every other line must not.
import * as shoal from 'shoal'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(isSame: Same<A, B>): Same<A, B> => isSame

const add = shoal.remote((a: number, b: number) => a + b)
const sum = add.remote(5, 10)
same<typeof sum, shoal.ObjectRef<number>>(true)
// @ts-expect-error -- a string is no number
add.remote(5, 'x')
// @ts-expect-error -- one argument is missing
add.remote(5)
// @ts-expect-error -- one too many
add.remote(1, 2, 3)

// Refs stand for values of their type.
add.remote(sum, 1)
add.remote(1, add.remote(sum, sum))
const text = shoal.remote((value: number) => String(value)).remote(sum)
// @ts-expect-error -- a ref of a string is no number
add.remote(text, 1)

// get keeps what a ref is of, and the order of a list.
export const one = await shoal.get(sum)
same<typeof one, number>(true)
export const values = await shoal.get([sum, text])
same<typeof values, [number, string]>(true)
export const many = await shoal.get([1, 2].map((i) => add.remote(i, i)))
same<typeof many, number[]>(true)

// A promise is what it resolves to.
const later = shoal.remote(async (name: string) => name.length)
const length = later.remote('abc')
same<typeof length, shoal.ObjectRef<number>>(true)

// numReturns
const pair = shoal.remote(() => [1, 'a'] as [number, string], { numReturns: 2 }).remote()
same<typeof pair, [shoal.ObjectRef<number>, shoal.ObjectRef<string>]>(true)
const whole = shoal.remote(() => [1, 'a'] as [number, string]).remote()
same<typeof whole, shoal.ObjectRef<[number, string]>>(true)
const onTheFly = shoal
  .remote(() => [1, 2])
  .options({ numReturns: 3 })
  .remote()
same<typeof onTheFly, shoal.ObjectRef<number>[]>(true)
// @ts-expect-error -- there is no such option
shoal.remote(() => 1, { numCpu: 1 })
// @ts-expect-error -- a count or 'streaming'
shoal.remote(() => 1, { numReturns: 'dynamic' })

// Streams
const stream = shoal
  .remote(function* (n: number) {
    yield n
  })
  .remote(3)
same<typeof stream, shoal.ObjectRefGenerator<number>>(true)
for await (const ref of stream) same<typeof ref, shoal.ObjectRef<number>>(true)
same<typeof stream.completed, shoal.ObjectRef<number>>(true)
const asked = shoal.remote((n: number) => Array<string>(n), { numReturns: 'streaming' }).remote(3)
same<typeof asked, shoal.ObjectRefGenerator<string>>(true)

// put, wait
export const put = await shoal.put({ x: [1] })
same<typeof put, shoal.ObjectRef<{ x: number[] }>>(true)
export const split = await shoal.wait([sum])
same<typeof split.ready, shoal.ObjectRef<number>[]>(true)
export const splitStreams = await shoal.wait([stream, asked])
same<(typeof splitStreams.ready)[number], shoal.ObjectRefGenerator<number> | shoal.ObjectRefGenerator<string>>(true)
export const splitBoth = await shoal.wait([sum, stream], { numReturns: 2, timeout: '1s' })
same<(typeof splitBoth.pending)[number], shoal.ObjectRef<number> | shoal.ObjectRefGenerator<number>>(true)
export const splitMapped = await shoal.wait([1, 2].map((i) => add.remote(i, i)))
same<typeof splitMapped.pending, shoal.ObjectRef<number>[]>(true)
// @ts-expect-error -- a value is neither a ref nor a generator
await shoal.wait([5])
// @ts-expect-error -- a value is no ref
await shoal.get(5)
// @ts-expect-error -- nor is one in a list
await shoal.get([sum, 5])

// retryExceptions takes error classes
shoal.remote(() => 1, { retryExceptions: [RangeError, shoal.WorkerCrashedError] })
// @ts-expect-error -- an instance is no class
shoal.remote(() => 1, { retryExceptions: [new RangeError()] })
