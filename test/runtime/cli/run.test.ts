import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { userNode } from '#test/support/run-program.ts'
import { repository } from '#test/tidy/repository-files.ts'
import { linesOf, outcomeOf } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal run-')) // with a blank, as users have them
afterAll(() => rmSync(folder, { recursive: true }))

const write = (name: string, text: string): string => {
  mkdirSync(join(folder, name, '..'), { recursive: true })
  writeFileSync(join(folder, name), text)
  return name
}

/** A program and what it starts; the command line may run on the Node of the user, which is older than the one programs run on. */
describe.each([
  { whose: 'the runtime', node: runtimeNode() },
  { whose: 'the machine', node: userNode() },
])('shoal run on the Node of $whose', ({ node }) => {
  const start = (args: readonly string[], stdin: 'ignore' | 'pipe' = 'ignore'): ChildProcess =>
    spawn(node, [join(repository, 'dist', 'runtime', 'cli.mjs'), 'run', ...args], { cwd: folder, stdio: [stdin, 'pipe', 'pipe'] })

  test('hands a TypeScript file its arguments and its input, and gives back its output and exit code', async () => {
    const program = write(
      'a folder/echo.ts',
      `import { text } from 'node:stream/consumers'
       type Said = { words: string[]; input: string; shoal: string }
       const shoal = await import('shoal')
       const said: Said = { words: process.argv.slice(2), input: await text(process.stdin), shoal: typeof shoal.init }
       console.log(JSON.stringify(said))
       console.error('to the other stream')
       process.exitCode = 7`,
    )
    const child = start([program, 'a b', '--json', '--help', '--', '-x'], 'pipe')
    child.stdin?.end('typed in')
    const { code, stdout, stderr } = await outcomeOf(child)
    expect({ code, stderr }).toEqual({ code: 7, stderr: 'to the other stream\n' })
    expect(JSON.parse(stdout)).toEqual({ words: ['a b', '--json', '--help', '--', '-x'], input: 'typed in', shoal: 'function' })
  })

  test('gives shoal to CommonJS as well', async () => {
    const program = write('common.cjs', "console.log(typeof require('shoal').init, require.main === module)")
    expect(await outcomeOf(start([program]))).toEqual({ code: 0, stdout: 'function true\n', stderr: '' })
  })

  test('says nothing of its own when the program throws', async () => {
    const { code, stdout, stderr } = await outcomeOf(start([write('throws.ts', "throw new RangeError('planted')")]))
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('RangeError: planted')
    expect(stderr).not.toContain('shoal:')
  })

  test('passes a signal on, and ends as the program does', async () => {
    const wait = 'setInterval(() => {}, 1_000)\nconsole.log("waiting")'
    const endBy = async (text: string) => {
      const child = start([write('waits.mjs', text)])
      const exit = once(child, 'exit')
      await linesOf(child).next()
      child.kill('SIGTERM')
      return exit
    }
    expect(await endBy(`process.on('SIGTERM', () => process.exit(5))\n${wait}`)).toEqual([5, null])
    expect(await endBy(wait)).toEqual([null, 'SIGTERM'])
  })

  test('refuses a missing program by its name', async () => {
    const nowhere = join(folder, 'nowhere.ts')
    expect(await outcomeOf(start(['nowhere.ts', '--json']))).toEqual({
      code: 2,
      stdout: '',
      stderr: `shoal: there is no program ${nowhere}\n`,
    })
    expect(await outcomeOf(start([]))).toEqual({ code: 2, stdout: '', stderr: 'shoal: run needs a program: shoal run FILE [ARGS …]\n' })
    expect(await outcomeOf(start(['--fast', 'x.ts']))).toEqual({
      code: 2,
      stdout: '',
      stderr: 'shoal: run has no flag --fast; see shoal run --help\n',
    })
  })
})
