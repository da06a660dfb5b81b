import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
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
  readonly env: NodeJS.ProcessEnv
  stop(): Promise<void>
}

const readyWithinMs = 220_000

type RayHeadOptions = {
  readonly token?: string
  /** Limits of Ray and the like. */
  readonly env?: Readonly<Record<string, string>>
}

/** A head of one node with two CPUs, started as a user would. With `token` it lets nobody in without. */
export async function startRayHead(python: string, options: RayHeadOptions = {}): Promise<RayHeadProcess> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryRayHead(python, options)
    } catch (error) {
      if (attempt === 3) throw error // Ray gives itself 30 s, which a busy machine may need
    }
  }
}

async function tryRayHead(python: string, { token, env: limits = {} }: RayHeadOptions): Promise<RayHeadProcess> {
  const tempDir = mkdtempSync('/tmp/r-') // Ray puts sockets into it, whose paths are short
  const [port, dashboardPort, clientPort, agentPort] = [await freePort(), await freePort(), await freePort(), await freePort()]
  const args = ['start', '--head', '--block', '--num-cpus=2', '--node-ip-address=127.0.0.1', '--disable-usage-stats']
  const more = ['--object-store-memory=200000000', '--include-dashboard=true', '--dashboard-host=127.0.0.1', `--temp-dir=${tempDir}`]
  const ports = [`--port=${port}`, `--dashboard-port=${dashboardPort}`, `--ray-client-server-port=${clientPort}`]
  const env = {
    ...withoutRay(process.env),
    ...(token === undefined ? {} : tokenFor(token)),
    ...limits,
    PATH: `${dirname(python)}:${process.env['PATH']}`,
  }
  const child = spawn(join(dirname(python), 'ray'), [...args, ...more, ...ports, `--dashboard-agent-listen-port=${agentPort}`], {
    ...{ stdio: 'ignore', detached: true, env },
  })
  const url = `http://127.0.0.1:${dashboardPort}`
  const stop = () => endGroup(child, { tempDir, signal: 'SIGTERM' })
  try {
    await stands({ url, token, clientPort }, child)
    return { url, gcs: `127.0.0.1:${port}`, python, env, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

export type RayNodeProcess = {
  readonly ip: string
  /** Ends it as a machine that loses power. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/**
 * A node beside the head, on this machine, with one CPU and two of the resource of its name. Start one after the other: of two that start at a
 * time one may not come up. Ray gives up after 30 s, which a busy machine may need, so it is tried again.
 */
export async function startRayNode(head: RayHeadProcess, ip: string, name: string): Promise<RayNodeProcess> {
  for (let attempt = 1; ; attempt += 1) {
    const { child, said } = await tryRayNode(head, ip, name)
    const stop = () => endGroup(child, { tempDir: null, signal: 'SIGTERM' })
    if (child.exitCode !== null) {
      if (attempt === 3) throw new Error(`a node of Ray at ${ip} did not start: ${said.slice(-2_000)}`)
      continue
    }
    return {
      ip,
      stop,
      async kill() {
        for (const pid of childrenOf(child.pid ?? 0, 'raylet')) process.kill(pid, 'SIGKILL')
        await stop()
      },
    }
  }
}

/** Returns when it says that it runs, or has ended. */
async function tryRayNode(head: RayHeadProcess, ip: string, name: string): Promise<{ child: ChildProcess; said: string }> {
  const place = [`--address=${head.gcs}`, `--node-ip-address=${ip}`, `--dashboard-agent-listen-port=${await freePort()}`]
  const size = ['--num-cpus=1', '--object-store-memory=100000000', `--resources=${JSON.stringify({ [name]: 2 })}`]
  const child = spawn(join(dirname(head.python), 'ray'), ['start', ...place, ...size, '--block', '--disable-usage-stats'], {
    ...{ stdio: ['ignore', 'pipe', 'ignore'], detached: true, env: head.env },
  })
  let said = ''
  const ended = new Promise<void>((resolve) => void child.once('exit', () => resolve()))
  const runs = new Promise<void>((resolve) => {
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      said += part
      if (said.includes('Ray runtime started')) resolve()
    })
  })
  await Promise.race([runs, ended])
  return { child, said }
}

/** Processes of that name which a process started. */
function childrenOf(parent: number, name: string): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=,comm=', '--ppid', String(parent)], { encoding: 'utf8' })
  return stdout.split('\n').flatMap((line) => {
    const [pid, command] = line.trim().split(/\s+/)
    return command === name ? [Number(pid)] : []
  })
}

/** What lets Ray's own clients in. */
export const tokenFor = (token: string): Record<string, string> => ({ RAY_AUTH_MODE: 'token', RAY_AUTH_TOKEN: token })

/** No address or token of the caller's own environment reaches a suite. */
export function withoutRay(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('RAY_') && !name.startsWith('SHOAL_')))
}

type StartedHead = { readonly url: string; readonly token: string | undefined; readonly clientPort: number }

/** Its dashboard answers before it is known whether its node comes up, and where the server of Ray's client does not, all of it ends. */
async function stands({ url: head, token, clientPort }: StartedHead, child: ChildProcess): Promise<void> {
  const url = `${head}/api/v0/nodes`
  const until = performance.now() + readyWithinMs
  for (;;) {
    const response = await fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }).catch(() => undefined)
    const hasNode = response?.ok === true && (await response.text()).includes('"ALIVE"')
    if (hasNode && (await listensAt(clientPort))) return
    if (child.exitCode !== null) throw new Error(`the head of Ray ended with ${child.exitCode} before ${url} answered`)
    if (performance.now() > until)
      throw new Error(`${url} did not answer within ${readyWithinMs} ms (last: ${response?.status ?? 'no connection'})`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

const listensAt = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

/** Ends what was started and what it started, and removes its folder. */
export async function endGroup(
  child: ChildProcess,
  { tempDir, signal }: { tempDir: string | null; signal: NodeJS.Signals },
): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
    await ended
    clearTimeout(timer)
  }
  if (tempDir !== null) rmSync(tempDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
}
