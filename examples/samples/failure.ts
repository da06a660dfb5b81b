// A job that fails, and says where: what a task throws comes out of `get` as it was thrown, with the lines of the task in its stack.
import * as shoal from 'shoal'

await shoal.init()

const orders = [
  { id: 15, amount: '19.90' },
  { id: 16, amount: '7.25' },
  { id: 17, amount: '12.5O' }, // the letter O
]

function parseAmount(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new RangeError(`${JSON.stringify(text)} is not an amount`)
  return Number(text)
}

function priceOf(order: { id: number; amount: string }): number {
  try {
    return parseAmount(order.amount) * 1.19
  } catch (error) {
    throw new Error(`order ${order.id} cannot be priced`, { cause: error })
  }
}

const price = shoal.remote(priceOf)
const asked = orders.map((order) => ({ id: order.id, ref: price.remote(order) })) // all at once
for (const { id, ref } of asked) console.log(`order ${id}: ${(await shoal.get(ref)).toFixed(2)}`)
