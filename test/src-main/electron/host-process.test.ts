import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { HostProcess, type HostState } from '#src-main/electron/host-process.ts'
import { until } from '#test/support/checks.ts'
import { startPanelProcess } from '#test/support/panel-process.ts'
import { repository } from '#test/tidy/repository-files.ts'

const program = join(repository, 'src-main', 'cli', 'main.ts')
let home: string
let env: NodeJS.ProcessEnv
let hosts: HostProcess[]

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'shoal-host-'))
  env = { ...process.env, HOME: home, SHOAL_PANEL_HOME: home }
  hosts = []
})
afterEach(async () => {
  await Promise.all(hosts.map((host) => host.end()))
  rmSync(home, { recursive: true, force: true })
})

function create(options: { program?: string; node?: string } = {}) {
  const states: HostState[] = []
  const log: string[] = []
  const host = new HostProcess({
    node: runtimeNode(),
    program,
    env,
    onState: (state) => states.push(state),
    onLog: (line) => log.push(line),
    logger: silentLogger,
    ...options,
  })
  hosts.push(host)
  const readied = () => states.filter((state) => state.kind === 'ready')
  return { host, states, log, readied }
}

/** The panel that holds the data folder. */
async function pidOf(state: HostState | undefined): Promise<number> {
  if (state?.kind !== 'ready') throw new Error('it is not ready')
  const { stdout } = spawn(runtimeNode(), ['--no-warnings', program, 'panel', '--json', '--no-open'], { env })
  const [line] = (await once(stdout, 'data')) as [Buffer]
  return (JSON.parse(String(line)) as { pid: number }).pid
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const lockFiles = () => readdirSync(join(home, 'data')).filter((name) => name.startsWith('lock-') || name.startsWith('endpoint'))

test('it starts the panel, says where that answers, and ends it with all its traces', async () => {
  const { host, states, readied } = create()
  host.start()
  await until('ready', () => readied().length > 0)
  expect(readied()[0]).toMatchObject({
    isOurs: true,
    endpoint: { url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), token: expect.stringMatching(/^[0-9a-f]{64}$/) },
  })
  const pid = await pidOf(readied()[0])
  await host.end()
  expect([isAlive(pid), lockFiles(), states.at(-1)]).toEqual([false, [], { kind: 'ended' }])
})

test('the token stands in no argument of the process', async () => {
  const { host, readied } = create()
  host.start()
  await until('ready', () => readied().length > 0)
  const { stdout } = spawn('ps', ['-eo', 'args'])
  let listed = ''
  for await (const part of stdout) listed += String(part)
  const [ready] = readied()
  expect(listed).toContain('--until-stdin-ends')
  expect(ready?.kind === 'ready' && listed.includes(ready.endpoint.token)).toBe(false)
})

test('a panel that is killed is started again, under another token', async () => {
  const { host, readied } = create()
  host.start()
  await until('ready', () => readied().length > 0)
  process.kill(await pidOf(readied()[0]), 'SIGKILL')
  await until('ready again', () => readied().length > 1)
  const tokens = readied().map((state) => (state.kind === 'ready' ? state.endpoint.token : ''))
  expect(new Set(tokens).size).toBe(2)
})

test('a panel that runs already is used and left alone, and when it ends one of ours takes its place', async () => {
  const other = await startPanelProcess({ env, cwd: repository })
  const { host, readied } = create()
  host.start()
  await until('ready', () => readied().length > 0)
  expect(readied()).toEqual([{ kind: 'ready', isOurs: false, endpoint: { url: other.url, token: other.token } }])
  host.findAgain()
  await until('found again', () => readied().length > 1)
  expect(readied()[1]).toEqual(readied()[0])
  await other.end('SIGKILL')
  host.findAgain()
  await until('our own', () => readied().length > 2)
  expect(readied()[2]).toMatchObject({ isOurs: true })
})

test('a panel that was found is not ended with us', async () => {
  const other = await startPanelProcess({ env, cwd: repository })
  const { host, readied } = create()
  host.start()
  await until('ready', () => readied().length > 0)
  await host.end()
  expect(isAlive(other.pid)).toBe(true)
  expect(await other.end('SIGINT')).toBe(0)
})

test('an error that the panel names is passed on with its words, and a start by hand tries again', async () => {
  writeFileSync(join(home, 'data'), 'a file where a folder should be')
  const { host, states, readied } = create()
  host.start()
  await until('failed', () => host.state.kind === 'failed', 30_000)
  const failed = states.at(-1)
  expect(failed?.kind === 'failed' && failed.end.what).toMatch(/EEXIST|ENOTDIR|not a directory/)
  rmSync(join(home, 'data'))
  host.start()
  await until('ready', () => readied().length > 0)
})

test.each([
  ['dies at once', 'console.error(\'{"event":"planted"}\'); process.exit(7)', 'it ended with exit code 7'],
  ['says something else', "console.log('hello'); setInterval(() => {}, 1000)", 'it said something else than where it answers'],
])('a program that %s is tried four times, and then a person is asked', { timeout: 30_000 }, async (_what, code, words) => {
  const script = join(home, 'broken.mjs')
  writeFileSync(script, code)
  const { host, states, log } = create({ program: script })
  host.start()
  await until('failed', () => host.state.kind === 'failed')
  const failed = states.at(-1)
  expect(failed?.kind === 'failed' && failed.end.what).toContain(words)
  if (code.includes('planted')) {
    expect(log).toEqual(Array.from({ length: 4 }, () => '{"event":"planted"}'))
    expect(failed?.kind === 'failed' && failed.end.log).toBe('{"event":"planted"}')
  }
})

test('a Node that is not there is said at once', async () => {
  const { host, states } = create({ node: join(home, 'no-node') })
  host.start()
  await until('failed', () => host.state.kind === 'failed')
  expect(states.at(-1)).toMatchObject({ end: { code: 'host.not-started', what: expect.stringContaining('ENOENT') } })
})

test('the panel ends when the program that started it is killed', async () => {
  const parent = spawn(
    runtimeNode(),
    [
      '--input-type=module',
      '-e',
      `import { spawn } from 'node:child_process'
       const child = spawn(process.execPath, ['--no-warnings', ${JSON.stringify(program)}, 'panel', '--json', '--no-open', '--until-stdin-ends'], { stdio: ['pipe', 'inherit', 'inherit'] })
       setInterval(() => {}, 1000)`,
    ],
    { env, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const [line] = (await once(parent.stdout, 'data')) as [Buffer]
  const { pid } = JSON.parse(String(line)) as { pid: number }
  expect(isAlive(pid)).toBe(true)
  parent.kill('SIGKILL')
  await until('it has ended too', () => !isAlive(pid))
  expect(lockFiles()).toEqual([])
})
