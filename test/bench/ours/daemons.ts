import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, openSync, closeSync, rmSync, mkdirSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { sessionLayout } from '#runtime/session/layout.ts'

const built = fileURLToPath(new URL('../../../dist/runtime/', import.meta.url))

export const builtScript = (name: 'head' | 'agent' | 'worker'): string => join(built, `${name}.mjs`)

/** Daemons of one row, as they are built, in folders of their own. All are gone after `stop`. */
export class Daemons {
  readonly #children: ChildProcess[] = []
  readonly #folders: string[] = []

  /** A new session folder. */
  makeFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'sb-'))
    this.#folders.push(folder)
    mkdirSync(sessionLayout(folder).logDir, { recursive: true, mode: 0o700 })
    return folder
  }

  /** Starts one and returns what it said when it was ready. It ends with us, by the pipe that it reads. @throws what it said instead */
  async start(name: 'head' | 'agent', tempDir: string, args: readonly string[]): Promise<Record<string, unknown>> {
    const log = openSync(join(sessionLayout(tempDir).logDir, `${name}.log`), 'a', 0o600)
    const child = spawn(process.execPath, [builtScript(name), '--temp-dir', tempDir, ...args, '--parent-pipe'], {
      stdio: ['pipe', 'pipe', log],
    })
    closeSync(log)
    this.#children.push(child)
    if (!child.stdout) throw new Error('no output')
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.startsWith('ready ')) throw new Error(`the ${name} said: ${line}`)
      return JSON.parse(line.slice('ready '.length)) as Record<string, unknown> // our own daemon's words
    }
    throw new Error(`the ${name} ended before it was ready`)
  }

  async stop(): Promise<void> {
    for (const child of this.#children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
      child.stdin?.end()
      await once(child, 'exit')
      clearTimeout(timer)
    }
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true })
  }
}
