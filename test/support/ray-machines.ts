import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { until } from './checks.ts'
import { enterNamespace, system } from './own-namespace.ts'
import { withoutRay } from './ray.ts'

/** What `ray start` is told of a machine. */
export type RayMachine = { readonly cpus: number; readonly resources?: Readonly<Record<string, number>>; readonly gpus?: number }

export type RayMachines = {
  /** `host:port` of the head. */
  readonly address: string
  /** Of the first one, where this process runs. */
  readonly tempDir: string
  /** Ends `ray start` of each; what that has started ends with this program. */
  stop(): Promise<void>
}

const subnet = '10.78.0'
/** In the folder for files of the system, which is empty on each machine; sockets in it need a short path. */
const tempDir = '/run/ray'

/**
 * Runs this program again in a network of its own, whose machines vanish with it. Each has an address, a loopback, a /run and a /dev/shm
 * of its own: what reaches another goes over the wire. Call first; it returns only inside.
 */
export function enterRayNetwork(): void {
  enterNamespace('mount', 'network', 'process')
  for (const folder of ['/run', '/dev/shm']) system('mount', '-t', 'tmpfs', 'none', folder)
  system('ip', 'link', 'set', 'lo', 'up')
  system('ip', 'link', 'add', 'bridge', 'type', 'bridge')
  system('ip', 'address', 'add', `${addressOf(0)}/24`, 'dev', 'bridge')
  system('ip', 'link', 'set', 'bridge', 'up')
}

/** A cluster of `ray start` on each machine; this process is on the first. `env`: of every Ray, as an operator would set it. */
export async function startRayMachines(
  machines: readonly RayMachine[],
  python: string,
  env: Readonly<Record<string, string>>,
): Promise<RayMachines> {
  const port = 6_379
  const address = `${addressOf(0)}:${port}`
  const children: ChildProcess[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(children.toReversed().map((child) => ended(child)))
    for (let index = 1; index < children.length; index += 1) system('ip', 'netns', 'delete', nameOf(index))
  }
  const start = (args: readonly string[], index: number): void => {
    const log = openSync(logOf(index), 'w')
    const [command = '', ...before] = index === 0 ? [rayOf(python)] : inside(index, python)
    const path = `${dirname(python)}:${process.env['PATH']}`
    children.push(
      spawn(command, [...before, 'start', '--block', ...args], {
        stdio: ['ignore', log, log],
        env: { ...withoutRay(process.env), PATH: path, ...env },
      }),
    )
  }
  try {
    for (const [index, machine] of machines.entries()) {
      if (index > 0) plugIn(index)
      const isHead = index === 0
      start([...(isHead ? headArgs(port) : [`--address=${address}`]), ...argsOf(machine, index)], index)
      if (isHead) await until('the head of Ray answers', () => answersAt(address, python), 120_000)
    }
    return { address, tempDir, stop }
  } catch (error) {
    const said = children.map((_, index) => readFileSync(logOf(index), 'utf8').slice(-2_000))
    await stop()
    throw new Error(`the machines of Ray could not be started: ${said.join('\n')}`, { cause: error })
  }
}

const logOf = (index: number): string => `/run/machine-${index}.log`
const headArgs = (port: number): string[] => [
  ...['--head', `--port=${port}`, '--include-dashboard=false'],
  ...['--disable-usage-stats', `--temp-dir=${tempDir}`],
]
const argsOf = ({ cpus, gpus = 0, resources = {} }: RayMachine, index: number): string[] => [
  ...[`--node-ip-address=${addressOf(index)}`, `--num-cpus=${cpus}`, `--num-gpus=${gpus}`],
  ...[`--resources=${JSON.stringify(resources)}`, '--object-store-memory=400000000'],
]
/** Of the first machine and the others. */
export const addressOf = (index: number): string => `${subnet}.${index + 1}`
const nameOf = (index: number): string => `ray${index}`
const rayOf = (python: string): string => join(dirname(python), 'ray')

function plugIn(index: number): void {
  const name = nameOf(index)
  system('ip', 'netns', 'add', name)
  system('ip', 'link', 'add', `to-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
  system('ip', 'link', 'set', `to-${name}`, 'master', 'bridge', 'up')
  const there = (...args: string[]) => system('ip', 'netns', 'exec', name, ...args)
  there('ip', 'link', 'set', 'lo', 'up')
  there('ip', 'address', 'add', `${addressOf(index)}/24`, 'dev', 'eth0')
  there('ip', 'link', 'set', 'eth0', 'up')
}

/** `ip netns exec` gives a mount namespace too: what is mounted here is seen by that machine alone. */
function inside(index: number, python: string): string[] {
  mkdirSync(`/run/machine-${index}`)
  const script = `mount -t tmpfs none /dev/shm && mount --bind /run/machine-${index} /run && exec "$0" "$@"`
  return ['ip', 'netns', 'exec', nameOf(index), 'sh', '-c', script, rayOf(python)]
}

async function answersAt(address: string, python: string): Promise<boolean> {
  const question = `import socket; socket.create_connection(("${address.split(':')[0]}", ${address.split(':')[1]}), 1)`
  const child = spawn(python, ['-c', question], { stdio: 'ignore' })
  return new Promise((resolve) => child.once('exit', (code) => resolve(code === 0)))
}

/** What `ray start` has started lives on; it ends with the namespace. SIGTERM would drain the node for half a minute. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const end = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGKILL')
  await end
}
