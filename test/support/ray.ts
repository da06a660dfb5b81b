import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { freePort } from '#test/support/ssh-server.ts'

/** A Python that has Ray. */
export type RayPython = { readonly program: string; readonly version: string }

/** Stands for those that are not there, in the names of tests that are skipped. */
export const noRay: RayPython = { program: '', version: 'skipped: SHOAL_TEST_RAY names none' }

const question = 'import importlib.metadata as m; print(m.version("ray"))'

/** Those to test with, the newest first: of the folders that SHOAL_TEST_RAY names, with colons between them. */
export function findRays(): RayPython[] {
  const folders = (process.env['SHOAL_TEST_RAY'] ?? '').split(':').filter((folder) => folder !== '')
  const found = folders.map((folder) => askVersion(join(folder, 'bin', 'python')))
  return found.sort((one, other) => other.version.localeCompare(one.version, 'en', { numeric: true }))
}

function askVersion(program: string): RayPython {
  const { status, stdout } = spawnSync(program, ['-c', question], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (!existsSync(program) || status !== 0) throw new Error(`SHOAL_TEST_RAY names ${program}, which has no Ray`)
  return { program, version: stdout.trim() }
}

export type RayHeadProcess = {
  /** Of the dashboard. */
  readonly url: string
  /** `host:port` where programs and Ray's command line connect. */
  readonly gcs: string
  readonly python: string
  stop(): Promise<void>
}

const readyWithinMs = 220_000

/** A head of one node with two CPUs, started as a user would. With `token` it lets nobody in without. */
export async function startRayHead(python: string, { token }: { readonly token?: string } = {}): Promise<RayHeadProcess> {
  const tempDir = mkdtempSync('/tmp/r-') // Ray puts sockets into it, whose paths are short
  const [port, dashboardPort, clientPort, agentPort] = [await freePort(), await freePort(), await freePort(), await freePort()]
  const args = ['start', '--head', '--block', '--num-cpus=2', '--node-ip-address=127.0.0.1', '--disable-usage-stats']
  const more = ['--object-store-memory=200000000', '--include-dashboard=true', '--dashboard-host=127.0.0.1', `--temp-dir=${tempDir}`]
  const ports = [`--port=${port}`, `--dashboard-port=${dashboardPort}`, `--ray-client-server-port=${clientPort}`]
  const env = {
    ...withoutRay(process.env),
    ...(token === undefined ? {} : tokenFor(token)),
    PATH: `${dirname(python)}:${process.env['PATH']}`,
  }
  const child = spawn(join(dirname(python), 'ray'), [...args, ...more, ...ports, `--dashboard-agent-listen-port=${agentPort}`], {
    ...{ stdio: 'ignore', detached: true, env },
  })
  const url = `http://127.0.0.1:${dashboardPort}`
  const stop = () => endGroup(child, { tempDir, signal: 'SIGTERM' })
  try {
    await answers(`${url}/api/version`, token)
    return { url, gcs: `127.0.0.1:${port}`, python, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** What lets Ray's own clients in. */
export const tokenFor = (token: string): Record<string, string> => ({ RAY_AUTH_MODE: 'token', RAY_AUTH_TOKEN: token })

/** No address or token of the caller's own environment reaches a suite. */
export function withoutRay(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('RAY_') && !name.startsWith('SHOAL_')))
}

async function answers(url: string, token: string | undefined): Promise<void> {
  const until = performance.now() + readyWithinMs
  for (;;) {
    const response = await fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }).catch(() => undefined)
    if (response?.ok) return
    if (performance.now() > until)
      throw new Error(`${url} did not answer within ${readyWithinMs} ms (last: ${response?.status ?? 'no connection'})`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

/** Ends what was started and what it started, and removes its folder. */
export async function endGroup(child: ChildProcess, { tempDir, signal }: { tempDir: string; signal: NodeJS.Signals }): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
    await ended
    clearTimeout(timer)
  }
  rmSync(tempDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
}
