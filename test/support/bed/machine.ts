import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** One running host: its first process and the namespaces that hang on it. */
export type Machine = {
  /** Of its init, as this machine counts. */
  readonly pid: number
  /** Of the process whose network namespace it is; there from the beginning. */
  readonly child: ChildProcess
  /** Lets it build itself once its network cards are there; resolves when its sshd listens. */
  finish(): Promise<void>
  kill(): Promise<void>
}

const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--uts', '--ipc']

/** Starts the first process of a host from the file of its script. It dies with this process, and everything of the host with it. */
export async function startMachine(name: string, script: string): Promise<Machine> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...namespaces, '/bin/sh', script], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/', LANG: 'C' },
    detached: true, // a Ctrl-C in the terminal is ours to answer
  })
  let complaints = ''
  child.stderr.on('data', (chunk: Buffer) => (complaints = (complaints + chunk.toString()).slice(-4_000)))
  child.stdin.on('error', () => {}) // it has ended; whoever waits for it hears so
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error(`host ${name} of the bed did not start: ${complaints}`)
    return value
  }
  const first = /^pid (\d+)$/.exec(await next())
  if (!first) throw new Error(`host ${name} of the bed did not say its pid: ${complaints}`)
  return {
    pid: Number(first[1]),
    child,
    finish: async () => {
      child.stdin.write('go\n')
      if ((await next()) !== 'up') throw new Error(`host ${name} of the bed did not come up: ${complaints}`)
    },
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}
