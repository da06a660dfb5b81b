import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
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

/** A cluster of `ray start` on each machine, one after the other, as Ray gives its parts 15 s to start and a small computer is slow with three; this process is on the first. `env`: of every Ray, as an operator would set it. */
export async function startRayMachines(
  machines: readonly RayMachine[],
  python: string,
  env: Readonly<Record<string, string>>,
): Promise<RayMachines> {
  const port = 6_379
  const address = `${addressOf(0)}:${port}`
  const children: ChildProcess[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => ended(child)))
    for (let index = 1; index < machines.length; index += 1) spawnSync('ip', ['netns', 'delete', nameOf(index)])
  }
  const start = async (args: readonly string[], index: number): Promise<boolean> => {
    const log = openSync(logOf(index), 'w')
    const [command = '', ...before] = index === 0 ? [rayOf(python)] : inside(index, python)
    const path = `${dirname(python)}:${process.env['PATH']}`
    const child = spawn(command, [...before, 'start', '--block', ...args], {
      stdio: ['ignore', log, log],
      env: { ...withoutRay(process.env), PATH: path, ...env },
    })
    closeSync(log)
    children.push(child)
    const hasStarted = () => readFileSync(logOf(index), 'utf8').includes('Ray runtime started')
    await until(`machine ${index} has started`, () => hasStarted() || child.exitCode !== null, 180_000)
    return child.exitCode === null
  }
  try {
    for (const [index, machine] of machines.entries()) {
      if (index > 0) plugIn(index)
      const args = [...(index === 0 ? headArgs(port) : [`--address=${address}`]), ...argsOf(machine, index)]
      let tries = 0
      while (!(await start(args, index))) if (++tries === 3) throw new Error(`machine ${index} did not start in ${tries} tries`)
    }
    return { address, tempDir, stop }
  } catch (error) {
    const said = machines.map((_, index) => (existsSync(logOf(index)) ? readFileSync(logOf(index), 'utf8').slice(-2_000) : ''))
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
  mkdirSync(`/run/machine-${index}`, { recursive: true })
  const script = `mount -t tmpfs none /dev/shm && mount --bind /run/machine-${index} /run && exec "$0" "$@"`
  return ['ip', 'netns', 'exec', nameOf(index), 'sh', '-c', script, rayOf(python)]
}

/** What `ray start` has started lives on; it ends with the namespace. SIGTERM would drain the node for half a minute. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const end = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGKILL')
  await end
}
