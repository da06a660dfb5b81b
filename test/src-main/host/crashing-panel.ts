// A served panel that meets a fault nobody catches, as named by its argument. What the fault knows comes by standard input.
import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import { servePanel } from '#src-main/cli/serve-panel.ts'

const secret = readFileSync(0, 'utf8')
const odd = Object.assign(new TypeError(`${secret}\n    at ${secret} (/a/b.ts:1:2)`, { cause: new Error(secret) }), {
  secret,
  code: 'ERR_ODD',
})
const faults: Readonly<Record<string, () => unknown>> = {
  thrown: () => {
    throw odd
  },
  rejected: () => Promise.reject(odd),
  text: () => {
    throw secret // oxlint-disable-line only-throw-error -- what a library might do
  },
  event: () => new EventEmitter().emit('error', odd),
}

await servePanel(0)
process.stdout.write('serves\n', () => void faults[process.argv[2] ?? '']?.()) // once it is out
