import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { endGroup, startRayHead, tokenFor, withoutRay } from '#test/support/ray.ts'

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

/** A cluster of one node, started as a user would. */
export async function startShoal(): Promise<Engine> {
  const tempDir = mkdtempSync(join(tmpdir(), 'shoal-conf-'))
  const cli = join(dirname(createRequire(import.meta.url).resolve('shoal')), 'cli.mjs')
  const args = ['start', '--head', '--temp-dir', tempDir, '--port', '0', '--dashboard-port', '0', '--num-cpus', '2', '--block', '--json']
  const child = spawn(runtimeNode(), [cli, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env: withoutRay(process.env) })
  const stop = () => endGroup(child, { tempDir, signal: 'SIGINT' })
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
  const token = '5a'.repeat(32)
  const { url, gcs, stop } = await startRayHead(python, { token })
  return {
    ...{ name: 'ray', http: url, grpc: gcs, token, env: tokenFor(token), stop },
    workload: (stopFile) => `${python} ${workloadOf('workload.py')} ${stopFile}`,
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
