import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { scriptInput } from '#src-main/ssh/run-script.ts'
import { quoteForShell } from '#src-main/ssh/shell-quote.ts'

const shells = ['sh', 'bash', 'dash', 'zsh', 'ksh', 'tcsh', 'csh', 'fish'].filter(
  (name) => spawnSync(name, ['-c', 'exit 0']).error === undefined,
)
const word = fc.string({
  unit: fc.constantFrom("'", '"', '\\', '!', '$', '`', ' ', '*', '~', '#', '-', 'a', 'é', '\t', ';', '&', '(', '%'),
})

test.each(shells)('%s reads a quoted word as it was', (shell) => {
  fc.assert(
    fc.property(word, (text) => {
      const { stdout } = spawnSync(shell, ['-c', `/usr/bin/printf '[%s]' ${quoteForShell(text)}`], { encoding: 'utf8' })
      expect(stdout).toBe(`[${text}]`)
    }),
    { numRuns: 60 },
  )
})

test('a word with a line break is refused', () => {
  for (const text of ['a\nb', 'a\0b', 'a\rb']) expect(() => quoteForShell(text)).toThrow(/line break or NUL/)
  expect(quoteForShell('')).toBe("''")
})

test('a script that is cut off runs nothing', () => {
  const whole = scriptInput('echo one\necho two', ['x'])
  for (let length = 0; length <= whole.lastIndexOf('}'); length += 1) {
    expect(spawnSync('/bin/sh', ['-s'], { input: whole.slice(0, length), encoding: 'utf8' }).stdout).toBe('')
  }
  expect(spawnSync('/bin/sh', ['-s'], { input: whole, encoding: 'utf8' }).stdout).toBe('one\ntwo\n')
})
