import { createInterface } from 'node:readline'

// A side of the benchmark that measures nothing: it gives the answers of its first argument, by row. For the tests of the runner.
const answers = JSON.parse(process.argv[2])
const say = (message) => console.log(JSON.stringify(message))
say({ ready: true, version: '0', startS: answers.startS ?? 1 })
for await (const line of createInterface({ input: process.stdin })) {
  const { row, go } = JSON.parse(line)
  if (go === true) continue
  say({ checkpoint: true })
  say(answers[row] ?? { error: `no answer for ${row}` })
}
