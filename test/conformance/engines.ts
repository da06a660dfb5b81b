import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { withoutRay } from './ray-client.ts'

/** A head that Ray's clients are pointed at. */
export type Engine = {
  readonly name: 'shoal' | 'ray'
  /** Of the HTTP API. */
  readonly http: string
  /** `host:port` where Ray's command line asks over gRPC. */
  readonly grpc: string
  readonly token: string
  /** What its clients need to be let in. */
  readonly env: Readonly<Record<string, string>>
  /** A command for a job that makes tasks and an actor and ends when the file is there. */
  workload(stopFile: string): string
  stop(): Promise<void>
}

const here = dirname(fileURLToPath(import.meta.url))
const workloadOf = (name: string): string => join(here, 'workloads', name)
const tokenFor = (token: string): Record<string, string> => ({ RAY_AUTH_MODE: 'token', RAY_AUTH_TOKEN: token })
const readyWithinMs = 90_000

/** A cluster of one node, started as a user would. */
export async function startShoal(): Promise<Engine> {
  const tempDir = mkdtempSync(join(tmpdir(), 'shoal-conf-'))
  const cli = join(dirname(createRequire(import.meta.url).resolve('shoal')), 'cli.mjs')
  const args = ['start', '--head', '--temp-dir', tempDir, '--port', '0', '--dashboard-port', '0', '--num-cpus', '2', '--block', '--json']
  const child = spawn(runtimeNode(), [cli, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env: withoutRay(process.env) })
  const stop = () => endGroup(child, tempDir, 'SIGINT')
  try {
    const started = JSON.parse(await firstLine(child)) as { address: string; api: { address: string; tokenFile: string } } // our own --json
    const token = readFileSync(started.api.tokenFile, 'utf8').trim()
    const node = JSON.stringify(runtimeNode())
    return {
      name: 'shoal',
      http: started.api.address,
      grpc: started.address,
      token,
      env: tokenFor(token),
      workload: (stopFile) => `${node} ${workloadOf('workload.ts')} ${stopFile}`,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A real Ray head with token authentication. `python` has Ray. */
export async function startRay(python: string): Promise<Engine> {
  const tempDir = mkdtempSync('/tmp/r-') // Ray puts sockets into it, whose paths are short
  const [port, dashboardPort, clientPort] = [await freePort(), await freePort(), await freePort()]
  const token = '5a'.repeat(32)
  const args = [
    'start',
    '--head',
    '--block',
    '--num-cpus=2',
    '--node-ip-address=127.0.0.1',
    '--disable-usage-stats',
    `--temp-dir=${tempDir}`,
  ]
  const ports = [`--port=${port}`, `--dashboard-port=${dashboardPort}`, `--ray-client-server-port=${clientPort}`]
  const env = { ...withoutRay(process.env), ...tokenFor(token), PATH: `${dirname(python)}:${process.env['PATH']}` }
  const child = spawn(join(dirname(python), 'ray'), [...args, ...ports], { stdio: 'ignore', detached: true, env })
  const http = `http://127.0.0.1:${dashboardPort}`
  const stop = () => endGroup(child, tempDir, 'SIGTERM')
  try {
    await answers(`${http}/api/version`, token)
    return {
      name: 'ray',
      http,
      grpc: `127.0.0.1:${port}`,
      token,
      env: tokenFor(token),
      workload: (stopFile) => `${python} ${workloadOf('workload.py')} ${stopFile}`,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function answers(url: string, token: string): Promise<void> {
  const until = performance.now() + readyWithinMs
  for (;;) {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } }).catch(() => undefined)
    if (response?.ok) return
    if (performance.now() > until)
      throw new Error(`${url} did not answer within ${readyWithinMs} ms (last: ${response?.status ?? 'no connection'})`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += String(chunk)
      const end = text.indexOf('\n')
      if (end >= 0) resolve(text.slice(0, end))
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`shoal start ended with code ${code}: ${text}`)))
  })
}

/** Ends what was started and what it started, and removes its folder. */
async function endGroup(child: ChildProcess, tempDir: string, signal: NodeJS.Signals): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
    await ended
    clearTimeout(timer)
  }
  rmSync(tempDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}
