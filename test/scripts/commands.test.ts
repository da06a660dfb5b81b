import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repository } from '../tidy/repository-files.ts'
import { createScratchTree } from './scratch-tree.ts'

test('the shoal command hands on its arguments, its output and its exit code, and says nothing of its own', () => {
  using tree = createScratchTree()
  tree.write('src-main/cli/main.ts', 'console.log(process.argv.slice(2))\nprocess.exitCode = 7\n')
  expect(tree.run('shoal.mjs', ['status', '--json', 'a b'])).toMatchObject({ code: 7, output: "[ 'status', '--json', 'a b' ]\n" })
})

test('the shoal command passes a signal on and waits for the answer', async () => {
  using tree = createScratchTree()
  tree.write(
    'src-main/cli/main.ts',
    "process.on('SIGTERM', () => process.exit(5))\nsetInterval(() => undefined, 1_000)\nconsole.log('waiting')\n",
  )
  const command = spawn(process.execPath, [join(tree.folder, 'scripts', 'shoal.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(command, 'exit')
  await once(command.stdout, 'data')
  command.kill('SIGTERM')
  expect(await exit).toEqual([5, null])
})

test('npm start with a path runs that program with its arguments, as seen from where npm was called', () => {
  using tree = createScratchTree()
  tree.write('runtime/cli/main.ts', 'console.log(process.argv.slice(2), process.cwd())\nprocess.exitCode = 7\n')
  const elsewhere = join(tree.folder, 'elsewhere')
  tree.write('elsewhere/mine.ts', '')
  expect(tree.run('start.mjs', ['mine.ts', '--fast'], { INIT_CWD: elsewhere })).toMatchObject({
    code: 7,
    output: `[ 'run', '${elsewhere}/mine.ts', '--fast' ] ${elsewhere}\n`,
  })
})

test('npm start serves the panel, prints where, and ends with Ctrl-C', async () => {
  const home = mkdtempSync(join(tmpdir(), 'shoal-start-'))
  try {
    const env = { ...process.env, HOME: home, SHOAL_PANEL_HOME: join(home, 'panel') }
    const command = spawn(process.execPath, [join(repository, 'scripts', 'start.mjs'), '--no-open'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const exit = once(command, 'exit')
    let said = ''
    command.stdout.on('data', (part: Buffer) => (said += part.toString()))
    command.stderr.on('data', (part: Buffer) => (said += part.toString()))
    const url = () => /(http:\/\/127\.0\.0\.1:\d+)\/#token=[0-9a-f]{64}/.exec(said)?.[1]
    await expect.poll(url, { timeout: 120_000 }).toBeDefined()
    const page = await fetch(`${url()}/`)
    expect(await page.text()).toContain('<div id="root"></div>')
    command.kill('SIGINT')
    expect({ exit: await exit, said }).toMatchObject({ exit: [0, null] })
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}, 180_000)

test('npm start with the first example says what it computes', () => {
  const program = join(repository, 'examples', 'first-steps.ts')
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(repository, 'scripts', 'start.mjs'), program], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toContain('5 + 10 = 15\nproducts [ 0, 2, 6, 12, 20 ]\n')
})

test('npm test ends with one line that counts what passed, failed and was skipped, and fails when something did', () => {
  using tree = createScratchTree()
  const head = "import { expect, test } from 'vitest'\n"
  tree.write('test/good.test.ts', `${head}test('holds', () => expect(1).toBe(1))\ntest.skip('left out', () => undefined)\n`)
  tree.write('test/bad.test.ts', `${head}test('does not hold', () => expect(1).toBe(2))\n`)
  tree.write('test/broken.test.ts', "import 'no-such-module'\n")
  tree.write(
    'test/unprepared.test.ts',
    "import { beforeAll, test } from 'vitest'\nbeforeAll(() => {\n  throw new Error('planted')\n})\ntest('never runs', () => undefined)\n",
  )
  const lastLine = (words: readonly string[]) => {
    const { code, stdout } = tree.run('test.mjs', words)
    return [stdout.trimEnd().split('\n').at(-1), code]
  }
  expect(lastLine(['good'])).toEqual(['1 passed, 0 failed, 1 skipped', 0])
  expect(lastLine(['good', 'bad', 'broken'])).toEqual(['1 passed, 2 failed, 1 skipped', 1])
  expect(lastLine(['good', 'bad', 'unprepared'])).toEqual(['1 passed, 2 failed, 2 skipped', 1])
  expect(lastLine(['no-test-has-this-name'])).toEqual(['0 passed, 1 failed, 0 skipped', 1])
})
