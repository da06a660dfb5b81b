// Loaded first by every program of the documentation: each `console.log` is one line of JSON on standard output, with where it stands.
import { format } from 'node:util'

console.log = (...args: unknown[]): void => {
  const [, file = '', line = ''] = /([\w.-]+\.md\.\d+\.m?[jt]s):(\d+):\d+/.exec(new Error('where').stack ?? '') ?? []
  process.stdout.write(`\u001e${JSON.stringify({ file, line: Number(line), text: format(...args) })}\n`)
}
