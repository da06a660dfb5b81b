import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { commands } from '#runtime/cli/commands.ts'
import { listImports } from '#test/tidy/import-check.ts'
import { Sandbox } from './support.ts'

const names = commands.map(({ name }) => name).join(', ')

const sandbox = new Sandbox()
afterAll(() => sandbox.dispose())

describe('shoal', () => {
  test('says the version of the package', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(await sandbox.run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  test('loads neither the SDK nor the network for that', () => {
    const loaded = new Set<string>()
    const visit = (path: string) => {
      if (loaded.has(path)) return
      loaded.add(path)
      const source = readFileSync(path, 'utf8').replaceAll(/import\('[^']*'\)/g, 'later()') // what is loaded later
      for (const specifier of listImports(source, path)) if (specifier.startsWith('.')) visit(posix.join(posix.dirname(path), specifier))
    }
    visit('runtime/cli/main.ts')
    expect(loaded.size).toBeGreaterThan(5)
    expect([...loaded].filter((path) => !/^runtime\/(cli|base)\//.test(path))).toEqual([])
  })

  test('lists every command in its help', async () => {
    const { code, stdout } = await sandbox.run(['--help'])
    expect(code).toBe(0)
    for (const { name, summary } of commands) expect(stdout.split('\n')).toContain(`  ${name.padEnd(10)}${summary}`)
    expect((await sandbox.run([])).stdout).toBe(stdout)
  })

  test.each(commands.map(({ name }) => name))('explains every flag of %s', async (name) => {
    const command = await commands.find((each) => each.name === name)?.load()
    const { code, stdout } = await sandbox.run([name, '--help'])
    expect(code).toBe(0)
    for (const flag of Object.keys(command?.flags ?? {})) expect(stdout).toContain(`--${flag}`)
    expect((await sandbox.run(['help', name])).stdout).toBe(stdout)
  })

  test('explains a command behind a noun, by either way to ask', async () => {
    const { code, stdout } = await sandbox.run(['job', 'submit', '--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Runs a command .*\.\n\nUsage: shoal job submit /)
    expect((await sandbox.run(['help', 'job', 'submit'])).stdout).toBe(stdout)
    expect((await sandbox.run(['help', 'run', 'program.ts'])).stdout).toMatch(/^Runs a program/)
  })

  test('breaks the lines of its help at 100 letters where no terminal says how wide it is', async () => {
    for (const name of ['--help', 'start', 'list', 'job', 'logs']) {
      const { stdout } = await sandbox.run(name === '--help' ? [name] : [name, '--help'])
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100)
    }
  })

  test.each([
    { args: ['strat'], message: 'there is no command strat; did you mean start?' },
    { args: ['stats'], message: 'there is no command stats; did you mean status?' },
    { args: ['frobnicate'], message: `there is no command frobnicate; there are ${names}` },
    { args: ['--verison'], message: 'there is no flag --verison; did you mean --version?' },
    { args: ['--frob'], message: 'there is no flag --frob; see shoal --help' },
    { args: [''], message: `there is no command ""; there are ${names}` },
    { args: ['job', 'list', 'all'], message: 'job list takes no argument "all"; see shoal job list --help' },
    { args: ['list', 'tasks', '--timeout', '0'], message: '--timeout must be from 1 to 3600 seconds, got "0"' },
    { args: ['summary', 'tasks', '--format', 'yaml'], message: '--format of a summary must be table or json, got "yaml"' },
    { args: ['summary', 'tasks', '--limit', '3'], message: 'summary has no flag --limit; see shoal summary --help' },
    { args: ['get', 'nodes', 'x', '--detail'], message: 'get has no flag --detail; see shoal get --help' },
    { args: ['start', '--head', '--temp-dir', ''], message: '--temp-dir must name a folder, got ""' },
    {
      args: ['job', 'submit', '--runtime-env', '/nowhere/env.json', '--', 'true'],
      message: '--runtime-env /nowhere/env.json cannot be read: there is no such file or folder',
    },
    {
      args: ['start', '--address', '127.0.0.1:1', '--join-token-file', '/'],
      message: '--join-token-file / cannot be read: it is a folder',
    },
    { args: ['start', '--num-cpu', '2'], message: 'start has no flag --num-cpu; did you mean --num-cpus or --num-gpus?' },
    { args: ['stop', '--force'], message: 'stop has no flag --force; see shoal stop --help' },
    { args: ['stop', 'all'], message: 'stop takes no argument "all"; see shoal stop --help' },
    { args: ['stop', '--all=yes'], message: '--all takes no value, got "yes"' },
    { args: ['stop', '--grace'], message: '--grace needs a value: --grace DURATION' },
    { args: ['stop', '--grace', '5'], message: '--grace must be a duration such as 500ms, 5s or 1m, got "5"' },
    { args: ['start'], message: 'start needs --head for a new cluster, or --address HOST:PORT to join one' },
    { args: ['start', '--head', '--address', 'a:1'], message: '--address joins a cluster, and --head starts one; leave one out' },
    { args: ['start', '--address', 'a:1', '--port', '7'], message: '--port is for --head' },
    {
      args: ['kill', 'abc'],
      message:
        'kill needs the id of an actor, 32 hex digits, or the id of a worker, 56 hex digits, got "abc"; see shoal list actors and shoal list workers',
    },
    {
      args: ['list', 'tasks', '--address', 'ray://10.0.0.5:10001'],
      message:
        'the address of the head must be http://HOST:PORT, such as http://127.0.0.1:8265, got "ray://10.0.0.5:10001"; that is where machines and programs join, and the HTTP API is on another port, 8265 unless it was set',
    },
    { args: ['start', '--address', 'a'], message: '--address must be HOST:PORT of the head, such as 10.0.0.5:6379, got "a"' },
    {
      args: ['start', '--head', '--memory', '8 bananas'],
      message: '--memory must be a size such as 8GiB, 500MB or 8e9 (bytes), got "8 bananas"',
    },
    {
      args: ['start', '--head', '--node-ip-address', 'here'],
      message: '--node-ip-address must be an IP address of this machine, got "here"',
    },
  ])('refuses $args by name, with exit code 2', async ({ args, message }) => {
    expect(await sandbox.run(args)).toEqual({ code: 2, stdout: '', stderr: `shoal: ${message}\n` })
  })

  test('prints errors as JSON where JSON was asked for', async () => {
    const { code, stdout, stderr } = await sandbox.run(['start', '--head', '--port', '70000', '--json'])
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' })
    const message = '--port must be a port from 0 (a free one) to 65535, got "70000"'
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'bad-argument', message, details: {} } })
    for (const args of [
      ['list', 'taks', '--json'],
      ['get', '--json', 'nodes'],
      ['summary', 'tasks', '--json', '--nonsense'],
      ['job', 'list', '--json', '--address', 'x'],
      ['job', 'sumbit', '--json'],
      ['job', 'status', '--json'],
      ['job', 'submit', '--json', '--'],
    ]) {
      const refused = await sandbox.run(args)
      expect([args, refused.code, refused.stderr]).toEqual([args, 2, ''])
      expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'bad-argument' } })
    }
  })
})
