import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { withoutRay } from '#test/support/ray.ts'

export type Ran = { readonly code: number; readonly output: string; readonly timedOut: boolean }
type Call = {
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly program?: string
  readonly limitS?: number
}

const server = fileURLToPath(new URL('fork_server.py', import.meta.url))

/** Ray's own command line and Python client, as the pip package has them. */
export class RayClient {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (ran: Ran) => void>()
  readonly ready: Promise<string>
  #nextId = 1

  /** `env`: how it is let in; Ray reads that once, when it is imported. */
  constructor(python: string, env: Readonly<Record<string, string>>) {
    this.#child = spawn(python, [server], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...withoutRay(process.env), ...env } })
    this.ready = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('exit', (code) => reject(new Error(`Ray's client ended at once with code ${code}`)))
      createInterface({ input: this.#child.stdout as NonNullable<ChildProcess['stdout']> }).on('line', (line) => {
        const said = JSON.parse(line) as { ready?: string } & Ran & { id: number } // written by fork_server.py
        if (said.ready !== undefined) resolve(said.ready)
        else this.#waiting.get(said.id)?.(said)
      })
    })
  }

  /** Runs `ray ARGV…`, or a Python program. One at a time, in order. */
  run({ argv, env = {}, program, limitS = 60 }: Call): Promise<Ran> {
    const id = this.#nextId
    this.#nextId += 1
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#child.stdin?.write(`${JSON.stringify({ id, argv, env, program: program ?? null, limitS })}\n`)
    })
  }

  close(): void {
    this.#child.stdin?.end()
  }
}
