import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { sessionLayout } from '#runtime/session/layout.ts'
import { endProcess, type ProcessRecord } from '#runtime/session/process-record.ts'
import { findRunning, type HeadRecord, type NodeRecord } from '#runtime/session/session-records.ts'

export const cliScript = fileURLToPath(new URL('../../../runtime/cli/main.ts', import.meta.url))

export type Outcome = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** A folder that the command line takes for the system's folder for temporary files: tests share nothing with a cluster of the user. */
export class Sandbox {
  readonly folder = mkdtempSync(join(tmpdir(), 'shoal-cli-'))
  readonly #tempDirs = new Set<string>()

  tempDir(name: string): string {
    const path = join(this.folder, name)
    this.#tempDirs.add(path)
    return path
  }

  spawn(args: readonly string[], more: { prefix?: readonly string[]; env?: NodeJS.ProcessEnv } = {}): ChildProcess {
    const [program = '', ...rest] = [...(more.prefix ?? []), runtimeNode(), cliScript, ...args]
    const { SHOAL_ADDRESS: _address, SHOAL_TEMP_DIR: _tempDir, SHOAL_JOIN_TOKEN: _token, ...env } = process.env
    return spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...env, TMPDIR: this.folder, ...more.env } })
  }

  run(args: readonly string[], more: { prefix?: readonly string[]; env?: NodeJS.ProcessEnv } = {}): Promise<Outcome> {
    return outcomeOf(this.spawn(args, more))
  }

  /** Runs with `--json`, and reads what came. */
  async json(
    args: readonly string[],
    more: { prefix?: readonly string[]; env?: NodeJS.ProcessEnv } = {},
  ): Promise<Record<string, unknown>> {
    const { stdout, stderr } = await this.run([...args, '--json'], more)
    if (stdout === '') throw new Error(`no JSON from shoal ${args.join(' ')}: ${stderr}`)
    return JSON.parse(stdout) as Record<string, unknown> // the command line prints objects
  }

  /** Ends whatever a test left, by pid, and removes the folder. */
  async dispose(): Promise<void> {
    await this.run(['stop', '--all', '--grace', '2s'])
    for (const tempDir of this.#tempDirs) {
      const layout = sessionLayout(tempDir)
      for (const path of [layout.nodeRecord, layout.headRecord]) {
        const record = findRunning<ProcessRecord>(path)
        if (record) endProcess(record, 'SIGKILL')
      }
    }
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

/** Lines of a process' output as they come; ends when it does. */
export const linesOf = (child: ChildProcess): AsyncIterator<string> => {
  if (!child.stdout) throw new Error('the output is not piped')
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]()
}

export const headOf = (tempDir: string): HeadRecord | undefined => findRunning<HeadRecord>(sessionLayout(tempDir).headRecord)
export const nodeOf = (tempDir: string): NodeRecord | undefined => findRunning<NodeRecord>(sessionLayout(tempDir).nodeRecord)

/** What keeps a test's node small. */
export const smallNode = ['--num-cpus', '1', '--object-store-memory', '80MB']

export type StatusJson = {
  readonly address: string
  readonly nodes: readonly {
    readonly nodeId: string
    readonly name: string
    readonly address: string
    readonly state: string
    readonly isHead: boolean
    readonly labels: Readonly<Record<string, string>>
  }[]
  readonly resources: Readonly<Record<string, { readonly used: number; readonly total: number; readonly reserved: number }>>
  readonly demand: { readonly tasks: readonly unknown[]; readonly actors: number; readonly placementGroups: number }
  readonly placementGroups: readonly unknown[]
}

/** The keys are checked where they matter: by the tests that read them. */
export const statusOf = async (sandbox: Sandbox, args: readonly string[], prefix: readonly string[] = []): Promise<StatusJson> =>
  (await sandbox.json(['status', ...args], { prefix })) as unknown as StatusJson
