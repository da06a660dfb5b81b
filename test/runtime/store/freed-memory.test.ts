import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { runtimeNode } from '#runtime/session/daemon.ts'

/** Buffers of many sizes come and go, with a small one left behind each; then only the small ones are there. */
const program = (first: string) => `
import { readFileSync } from 'node:fs'
import { giveFreedMemoryBack } from '#runtime/store/freed-memory.ts'
${first}
const kept = []
for (let round = 0; round < 6; round += 1) {
  let many = []
  for (let index = 0; index < 100; index += 1) {
    many.push(Buffer.allocUnsafeSlow(200_000 + ((index * 7_919 + round * 104_729) % 900_000)).fill(1))
    kept.push(Buffer.allocUnsafeSlow(2_000).fill(1))
  }
  many = []
  gc()
  await new Promise((resolve) => setTimeout(resolve, 50))
}
console.log(Number(/RssAnon:\\s+(\\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1_000)`

function megabytes(first: string): number {
  const args = ['--no-warnings', '--expose-gc', '--conditions=shoal-source', '--input-type=module', '--eval', program(first)]
  const { stdout, stderr } = spawnSync(runtimeNode(), args, { encoding: 'utf8' })
  expect(stderr).toBe('')
  return Number(stdout)
}

test.runIf(process.platform === 'linux')('what a process has freed does not stay with it', () => {
  const [usual, given] = [megabytes(''), megabytes('giveFreedMemoryBack()')]
  expect(given, `${usual} MB without it`).toBeLessThan(usual - 20)
})
