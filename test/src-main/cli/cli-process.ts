import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runtimeNode } from '#runtime/session/daemon.ts'

/** SHOAL_FROM_SOURCE=1 tries changes without a build. */
const path = process.env['SHOAL_FROM_SOURCE'] ? '../../../src-main/cli/main.ts' : '../../../dist/panel/cli.mjs'
const panelCli = fileURLToPath(new URL(path, import.meta.url))
type Outcome = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** Why a command cannot be run on a terminal here; undefined when it can. */
export const whyNoTerminal = (): string | undefined =>
  existsSync('/usr/bin/script') ? undefined : 'script (Debian: apt-get install bsdutils)'

/** A user of this computer with a home and a panel of their own, who types commands. */
export class CliUser {
  readonly folder = mkdtempSync(join(tmpdir(), 'shoal-panel-cli-'))
  readonly home = join(this.folder, 'home')
  readonly #children = new Set<ChildProcess>()

  constructor() {
    mkdirSync(join(this.home, '.ssh'), { recursive: true, mode: 0o700 })
  }

  get env(): NodeJS.ProcessEnv {
    const { SSH_AUTH_SOCK: _agent, ...env } = process.env
    return { ...env, HOME: this.home, SHOAL_PANEL_HOME: join(this.folder, 'panel'), TERM: 'xterm' }
  }

  start(...args: readonly string[]): ChildProcess {
    return this.#track(spawn(runtimeNode(), [panelCli, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: this.env, cwd: this.folder }))
  }

  async shoal(...args: readonly string[]): Promise<Outcome> {
    return outcomeOf(this.start(...args))
  }

  /** Runs with `--json`, and reads what came. */
  async json<T>(...args: readonly string[]): Promise<T> {
    const { stdout, stderr } = await this.shoal(...args, '--json')
    if (stdout === '') throw new Error(`no JSON from shoal ${args.join(' ')}: ${stderr}`)
    return JSON.parse(stdout) as T // the caller says what the command prints
  }

  /**
   * Runs on a terminal, where a person types each answer once its prompt shows, in this order. What the terminal shows comes back.
   * A prompt that never comes fails after a while.
   */
  onTerminal(
    args: readonly string[],
    dialog: readonly { readonly wait: RegExp; readonly type: string }[],
  ): Promise<{ code: number | null; text: string }> {
    const command = [runtimeNode(), panelCli, ...args].map((word) => `'${word.replaceAll("'", `'"'"'`)}'`).join(' ')
    const child = this.#track(
      spawn('/usr/bin/script', ['-qec', command, '/dev/null'], {
        stdio: ['pipe', 'pipe', 'inherit'],
        env: { ...this.env, SHELL: '/bin/sh' },
        cwd: this.folder,
      }),
    )
    const left = [...dialog]
    let text = ''
    let seen = 0
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
      for (let next = left[0]; next; next = left[0]) {
        const found = next.wait.exec(text.slice(seen))
        if (!found) return
        seen += found.index + found[0].length
        child.stdin?.write(next.type)
        left.shift()
      }
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
    return new Promise((resolve) =>
      child.once('close', (code) => {
        clearTimeout(timer)
        resolve({ code, text })
      }),
    )
  }

  #track(child: ChildProcess): ChildProcess {
    this.#children.add(child)
    child.once('close', () => this.#children.delete(child))
    return child
  }

  dispose(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => void (texts[name] += chunk))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...texts }))
  })
}
