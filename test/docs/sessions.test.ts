import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { outcomeOf } from '../runtime/cli/support.ts'
import { repository } from '../tidy/repository-files.ts'
import { wordsOfShoal } from './check-command.ts'
import { type Block, documentation, parsePage, tell } from './pages.ts'
import { commandsOf, type ShellCommand } from './shell-lines.ts'

const ofThisMachine = [
  'start',
  'stop',
  'run',
  'job',
  'logs',
  'list',
  'get',
  'summary',
  'status',
  'why',
  'token',
  'timeline',
  '--version',
  '--help',
]

/** Why a block is only read and not run; undefined when it is run. */
function whyNotRun(block: Block): string | undefined {
  if (block.notRun !== undefined) return block.notRun
  const commands = commandsOf(block)
  const placeholder = /<(?!id>)[^<>\s][^<>]*>|…/.exec(commands.flatMap(({ words }) => words).join(' '))?.[0]
  return commands.map(whyNot).find((why) => why !== undefined) ?? (placeholder && `it has the placeholder ${placeholder}`)
}

function whyNot({ words, env }: ShellCommand): string | undefined {
  const [command = '', ...rest] = wordsOfShoal(words) ?? []
  if (command === '')
    return words[0] === 'shoal' ? undefined : `${words.slice(0, 3).join(' ')} is no command of ours; that it exists is looked up`
  if (!ofThisMachine.includes(command)) return `shoal ${command} works on other machines or stays; test/src-main and test/e2e try it`
  const address = env['SHOAL_ADDRESS'] ?? rest.find((_word, index) => /^--(address|node-ip-address)$/.test(rest[index - 1] ?? ''))
  return address === undefined || /^(auto|127\.0\.0\.1|localhost)/.test(address) ? undefined : `it names another machine, ${address}`
}

/** A user at a shell, with `shoal` on the path, clusters of their own, and a program and a folder to work with. */
class ShellUser {
  readonly folder = mkdtempSync(join(tmpdir(), 'shoal-shell-'))
  constructor() {
    const files = {
      'main.ts':
        "import * as shoal from 'shoal'\nawait shoal.init()\nconsole.log(await shoal.get(shoal.remote(() => 6 * 7, { name: 'train' }).remote()))\n",
      'train.py': 'print("trained")\n',
    }
    mkdirSync(join(this.folder, 'work'))
    mkdirSync(join(this.folder, 'tmp'))
    for (const [name, text] of Object.entries({ ...files, 'program.ts': files['main.ts'] }))
      writeFileSync(join(this.folder, 'work', name), text)
    // A small node, and ports that nobody has: other clusters may run here. A person ends what follows a log for ever.
    const small = '--port 0 --dashboard-port 0 --num-cpus 1 --object-store-memory 80MB'
    this.#program(
      'shoal',
      `node='${runtimeNode()}' cli='${repository}/dist/panel/cli.mjs'
case "$*" in
  "start --head"*) shift; exec "$node" "$cli" start ${small} "$@";;
  "logs -f"*|"logs --follow"*) "$node" "$cli" "$@" & sleep 3; kill -INT $!; wait $!; code=$?; [ $code = 130 ] || exit $code;;
  *) exec "$node" "$cli" "$@";;
esac`,
    )
    this.#program(
      'newest',
      `case "$1" in jobs) key=submission_id;; *) key="\${1%s}_id";; esac
shoal list "$1" --limit 1 --json | grep -o "\\"$key\\":\\"[^\\"]*" | head -1 | cut -d '"' -f 4`,
    )
  }

  #program(name: string, text: string): void {
    mkdirSync(join(this.folder, 'bin'), { recursive: true })
    writeFileSync(join(this.folder, 'bin', name), `#!/bin/sh\n${text}\n`)
    chmodSync(join(this.folder, 'bin', name), 0o755)
  }

  /** Runs a script; it ends at the first command that fails, and says which. */
  async run(script: string, limitMs = 120_000): Promise<{ code: number | null; output: string }> {
    const { SHOAL_ADDRESS: _address, SHOAL_TEMP_DIR: _tempDir, SHOAL_JOIN_TOKEN: _token, ...env } = process.env
    const child = spawn('/bin/sh', ['-ex', '-c', script], {
      cwd: join(this.folder, 'work'),
      env: { ...env, TMPDIR: join(this.folder, 'tmp'), PATH: `${join(this.folder, 'bin')}:${env['PATH']}` },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // a process group of its own, which can be ended with all that it holds
    })
    const timer = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), limitMs)
    const { code, stdout, stderr } = await outcomeOf(child)
    clearTimeout(timer)
    return { code, output: `${stdout}${stderr}`.slice(-3_000) }
  }

  async dispose(): Promise<void> {
    await this.run('shoal stop --all --grace 2s || true')
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** `<id>` is that of the newest thing of the kind that the command is about. */
const scriptOf = (block: Block): string =>
  block.lines
    .map((line) => line.replaceAll('<id>', `"$(newest ${/\b(tasks|actors|nodes|workers)\b/.exec(line)?.[1] ?? 'jobs'})"`))
    .join('\n')

describe('sessions at a shell', () => {
  const user = new ShellUser()
  const blocks = documentation().flatMap((page) => page.blocks.filter(({ language }) => ['sh', 'bash', 'shell'].includes(language)))
  const run = blocks.filter((block) => whyNotRun(block) === undefined)
  beforeAll(() =>
    tell(
      `${run.length} of ${blocks.length} shell sessions of the documentation are run; the others are only read:${blocks
        .filter((block) => !run.includes(block))
        .map((block) => `\n  ${block.at}: ${whyNotRun(block)}`)
        .join('')}`,
    ),
  )
  afterAll(() => user.dispose(), 180_000)

  test('some of them can be run', () => {
    expect(run.map(({ page }) => page)).toContain('docs/jobs.md')
  })

  test.each(run.map((block) => [block.at, block] as const))('%s can be typed as it stands', { timeout: 300_000 }, async (_at, block) => {
    const script = scriptOf(block)
    const startsOne = script.includes('shoal start')
    if (!startsOne)
      expect(await user.run('shoal status || (shoal start --head && shoal job submit --working-dir . -- node main.ts)')).toMatchObject({
        code: 0,
      })
    const { code, output } = await user.run(startsOne ? `shoal stop || true\n${script}` : script)
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' })
  })
})

describe('what is planted is noticed', () => {
  const planted = (text: string): Block => parsePage('docs/page.md', `\`\`\`sh\n${text}\n\`\`\``).blocks[0] as Block // it has one

  test('a session of which a command fails', { timeout: 180_000 }, async () => {
    const user = new ShellUser()
    const { code, output } = await user.run(scriptOf(planted('shoal --version\nshoal status\nshoal --help')))
    await user.dispose()
    expect(code).not.toBe(0)
    expect(output.trim().split('\n')).toContain('+ shoal status')
    expect(output).not.toContain('+ shoal --help')
  })

  test.each([
    ['shoal cluster status lab', /works on other machines/],
    ['SHOAL_ADDRESS=10.0.0.5:6379 shoal run program.ts', /names another machine, 10\.0\.0\.5/],
    ['shoal start --address 10.0.0.5:6379', /names another machine/],
    ['shoal get tasks <task id>', /placeholder <task id>/],
    ['ray status', /is no command of ours/],
  ])('%s is not run, and it is said why', (line, why) => {
    expect(whyNotRun(planted(line))).toMatch(why)
  })
})
