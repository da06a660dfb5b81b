import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRequire } from 'node:module'
import { ClusterError, isErrorCode } from '../base/errors.ts'

export type DaemonName = 'head' | 'agent' | 'worker'

/** A daemon says `ready {json}` or `failed {json}` as the first line of its standard output, and nothing else there. */
export const sayReady = (facts: object): void => void process.stdout.write(`ready ${JSON.stringify(facts)}\n`)
export function sayFailed(error: Error): void {
  const code = error instanceof ClusterError ? error.code : 'internal'
  process.stdout.write(`failed ${JSON.stringify({ code, message: error.message })}\n`)
}

/**
 * The Node that runs daemons and workers: this one when it has what they need (from 22.18 on),
 * else the one that was installed beside us.
 * @throws ClusterError `cluster.start-failed` when there is neither.
 */
export function runtimeNode(): string {
  const given = process.env['SHOAL_NODE']
  if (given) return given
  if (isNewEnough()) return process.execPath
  const packageName = `node-${process.platform}-${process.arch}`
  try {
    const path = join(dirname(createRequire(import.meta.url).resolve(`${packageName}/package.json`)), 'bin', 'node')
    if (existsSync(path)) return path
  } catch {
    // not installed: said below
  }
  throw new ClusterError(
    'cluster.start-failed',
    `the cluster's processes need Node 22.18 or later; this is ${process.versions.node} and the package ${packageName} is not installed. Run npm ci again, or set SHOAL_NODE to a newer node.`,
  )
}

/** Whether this Node has `node:sqlite`, module hooks, and runs `.ts` files, which came last. */
export function isNewEnough(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 18)
}

/** The script of a daemon: beside us when bundled, or in the folder of the runtime's bundles beside ours; else the source. */
export function daemonScript(name: DaemonName): string {
  const here = dirname(fileURLToPath(import.meta.url))
  const bundled = [here, join(here, '..'), join(here, '..', 'runtime')]
    .map((folder) => join(folder, `${name}.mjs`))
    .find((path) => existsSync(path))
  return bundled ?? join(here, '..', name === 'agent' ? 'node' : name, 'main.ts')
}

export type SpawnDaemonOptions = {
  name: 'head' | 'agent'
  args: readonly string[]
  /** @default the one that belongs to this code */
  script?: string
  /** Where its standard error goes, appended. */
  logPath: string
  /** True: it lives on after us. False: it ends when we do, as it watches the pipe of its standard input. */
  detached: boolean
  timeoutMs?: number
}

/**
 * Starts a daemon and returns when it says that it is ready, with what it said.
 * @throws ClusterError `cluster.start-failed` with its own words, or with where its log is.
 */
export async function spawnDaemon(options: SpawnDaemonOptions): Promise<{ child: ChildProcess; facts: Record<string, unknown> }> {
  const log = openSync(options.logPath, 'a', 0o600)
  const args = [options.script ?? daemonScript(options.name), ...options.args, ...(options.detached ? [] : ['--parent-pipe'])]
  const child = spawn(runtimeNode(), args, {
    stdio: [options.detached ? 'ignore' : 'pipe', 'pipe', log],
    detached: options.detached,
    env: process.env,
  })
  closeSync(log)
  try {
    const facts = await firstLine(child, options)
    child.stdout?.destroy()
    child.unref()
    if (child.stdin && 'unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref() // the pipe must not keep us alive
    return { child, facts }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}

/** Letters; what is longer is no line of ours. */
const longestFirstLine = 65_536

function firstLine(child: ChildProcess, options: SpawnDaemonOptions): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const failed = (message: string, code: ConstructorParameters<typeof ClusterError>[0] = 'cluster.start-failed') => {
      clearTimeout(timer)
      reject(new ClusterError(code, message, { details: { daemon: options.name } }))
    }
    const timeoutMs = options.timeoutMs ?? 30_000
    const timer = setTimeout(() => failed(`the ${options.name} did not answer within ${timeoutMs} ms; see ${options.logPath}`), timeoutMs)
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const end = text.indexOf('\n')
      if (end < 0 && text.length < longestFirstLine) return
      const said = parseFirstLine(end < 0 ? text : text.slice(0, end))
      if (said === undefined)
        return failed(`the ${options.name} did not say whether it is ready, but ${JSON.stringify(text.slice(0, 200))}`)
      clearTimeout(timer)
      if (said.word === 'ready') return resolve(said.facts)
      const { code, message } = said.facts as { code: string; message: string } // as `sayFailed` writes them
      return failed(message, isErrorCode(code) && code !== 'internal' ? code : 'cluster.start-failed')
    })
    child.on('error', (error) => failed(`the ${options.name} could not be started: ${error.message}`))
    child.on('exit', (code, signal) =>
      failed(`the ${options.name} ended at once (${signal ?? `exit code ${code}`}); see ${options.logPath}`),
    )
  })
}

/** Undefined for what a daemon of ours does not say, such as the words of a module that `NODE_OPTIONS` brought in. */
function parseFirstLine(line: string): { word: string; facts: Record<string, unknown> } | undefined {
  const [, word = '', json = ''] = /^(ready|failed) (\{.*\})$/.exec(line) ?? []
  try {
    return { word, facts: JSON.parse(json) as Record<string, unknown> } // braces stand around it
  } catch {
    return undefined
  }
}

/** A log on a full disk, or whose reader is gone, must not end the process that writes it: the line is lost. */
export function surviveLostOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {}) // there is nowhere left to say it
}

/** Calls `onGone` when the parent that holds our standard input ends, however it ends. */
export function watchParent(onGone: () => void): void {
  process.stdin.on('end', onGone).on('close', onGone).on('error', onGone).resume()
}
