import { connect } from 'node:net'
import { ClusterError } from '../base/errors.ts'

const patienceMs = 5_000
const pauseMs = 250

/**
 * Returns when something listens at the head's address: a machine that boots together with the head may be a little early.
 * @throws ClusterError `head.unavailable` with what the last attempt ran into.
 */
export async function waitForHead({ host, port }: { host: string; port: number }, address: string): Promise<void> {
  const untilMs = performance.now() + patienceMs
  for (;;) {
    const problem = await probe(host, port, Math.max(pauseMs, untilMs - performance.now()))
    if (problem === undefined) return
    if (performance.now() + pauseMs >= untilMs) {
      throw new ClusterError(
        'head.unavailable',
        `no head answers at ${address} (${problem}); check that it runs, that the address is the one "shoal start --head" printed, and that no firewall is between`,
        { details: { address } },
      )
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}

function probe(host: string, port: number, withinMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: withinMs })
    const settle = (problem: string | undefined) => {
      socket.destroy()
      resolve(problem)
    }
    socket.once('connect', () => settle(undefined))
    socket.once('timeout', () => settle('no answer'))
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message))
  })
}
