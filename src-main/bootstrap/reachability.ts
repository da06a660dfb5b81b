import { randomBytes } from 'node:crypto'
import type { ReachCell } from '../contract/machines.ts'
import type { HostConnection } from '../ssh/host-connection.ts'
import { toError } from '../../runtime/base/errors.ts'
import { newMark, reachWord, readFacts } from './probe-frame.ts'
import { dialScript, type DialTarget } from './reachability-dial.ts'
import { type Listening, startListening } from './reachability-listen.ts'

export type ReachMachine = {
  readonly machineId: string
  readonly connection: HostConnection
  /** Where the others would reach it, and on which port. */
  readonly address: string
  readonly port: number
  /** Our Node there; without, what the machine has is used. */
  readonly nodePath?: string
}

type ReachOptions = {
  /** For one connection from one machine to another. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** Scripts at once. Those that listen stay until all have dialed. */
const scriptsAtOnce = 16
/** That a machine dials at the same time, and in all. The rest is not tested, and says so. */
export const dialsAtOnce = 64
const mostTargets = 1_024

/**
 * Who can open a TCP connection to whom: a cell for each pair of different machines, in the order given. Each machine listens on its port for
 * as long as the test takes, and each dials all others from one script, with Node, Python, Perl, bash or nc, whichever it has. `open` is said
 * only when our own listener answered, or when somebody else listens there already. Where nothing can listen, `refused` means that the
 * machine itself was reached. Listeners end when we are done, or by themselves. Never throws but for `signal`: a machine that fails has cells
 * that were not tested.
 */
export async function testReachability(machines: readonly ReachMachine[], options: ReachOptions): Promise<ReachCell[]> {
  if (machines.length < 2) return []
  const nonce = `${reachWord}${randomBytes(12).toString('hex')}`
  const rounds = Math.ceil(machines.length / scriptsAtOnce) * (Math.ceil(Math.min(machines.length, mostTargets) / dialsAtOnce) + 1)
  const limitSeconds = 30 + Math.ceil((rounds * options.timeoutMs) / 1_000)
  const listeners = await eachAtOnce(machines, (machine) => startListening(machine, { nonce, limitSeconds, signal: options.signal }))
  try {
    const rows = await eachAtOnce(machines, async (from) => {
      options.signal?.throwIfAborted()
      const targets = machines.flatMap((to, index) => (to === from ? [] : [{ to, listening: listeners[index] ?? notListening }]))
      return dialFrom(from, targets, { ...options, nonce })
    })
    return rows.flat()
  } finally {
    await eachAtOnce(listeners, (listener) => listener.end())
  }
}

const notListening: Listening = { state: 'none', why: '', end: async () => {} }

type Target = { readonly to: ReachMachine; readonly listening: Listening }

async function dialFrom(from: ReachMachine, targets: readonly Target[], options: ReachOptions & { nonce: string }): Promise<ReachCell[]> {
  const { timeoutMs, signal, nonce } = options
  const cell = ({ to }: Target, more: Pick<ReachCell, 'verdict' | 'detail'> & { roundTripMs?: number | null }): ReachCell => ({
    from: from.machineId,
    to: to.machineId,
    port: to.port,
    address: to.address,
    roundTripMs: null,
    ...more,
  })
  const dialed = targets.slice(0, mostTargets)
  const rest = targets
    .slice(mostTargets)
    .map((target) => cell(target, { verdict: 'not-tested', detail: `only ${mostTargets} machines are dialed from one` }))
  const mark = newMark()
  const asked = dialed.map(({ to, listening }): DialTarget => ({ host: to.address, port: to.port, isOurs: listening.state === 'ours' }))
  const waitMs = 20_000 + timeoutMs * (Math.ceil(dialed.length / dialsAtOnce) + 1)
  try {
    const script = dialScript(asked, { timeoutMs, atOnce: dialsAtOnce })
    const { stdout, stderr } = await from.connection.script(script, [mark, nonce, from.nodePath ?? ''], {
      timeoutMs: waitMs,
      ...(signal ? { signal } : {}),
    })
    const facts = readFacts(stdout, { mark, name: from.connection.target.name, stderr })
    const answers = new Map(facts.all('dial').map((line) => [Number(line.split(' ')[0]), line.split(' ').slice(1)] as const))
    return [...dialed.map((target, index) => cell(target, verdictOf(answers.get(index), target.listening))), ...rest]
  } catch (error) {
    signal?.throwIfAborted()
    const detail = toError(error).message.slice(0, 1_024)
    return targets.map((target) => cell(target, { verdict: 'not-tested', detail }))
  }
}

/** From what a dialer said: `open MS`, `other MS`, `refused`, `timeout`, `error WHY`, `no-tool`. */
export function verdictOf(
  [word, ...rest]: readonly string[] = [],
  listening: Pick<Listening, 'state' | 'why'>,
): Pick<ReachCell, 'verdict' | 'roundTripMs' | 'detail'> {
  const ms = Number(rest[0])
  const roundTripMs = Number.isFinite(ms) && rest[0] !== undefined && ms >= 0 ? Math.round(ms * 10) / 10 : null
  switch (word) {
    case 'open':
      return {
        verdict: 'open',
        roundTripMs,
        detail: listening.state === 'ours' ? 'our listener answered' : 'somebody listens there already',
      }
    case 'other':
      return {
        verdict: 'blocked',
        roundTripMs: null,
        detail: 'something else than our listener answered: a proxy between, or another machine under this address',
      }
    case 'refused':
      return listening.state === 'ours'
        ? {
            verdict: 'blocked',
            roundTripMs: null,
            detail: 'refused, although we listened there: a firewall that refuses, or another machine under this address',
          }
        : { verdict: 'refused', roundTripMs: null, detail: `the machine answered that nothing listens; ${listening.why}` }
    case 'timeout':
      return { verdict: 'blocked', roundTripMs: null, detail: 'no answer in time: a firewall drops it, or no way leads there' }
    case 'error':
      return { verdict: 'blocked', roundTripMs: null, detail: rest.join(' ').slice(0, 1_024) }
    case 'no-tool':
      return { verdict: 'not-tested', roundTripMs: null, detail: 'it has no node, python3, perl, bash or nc to dial with' }
    default:
      return { verdict: 'not-tested', roundTripMs: null, detail: 'the dialer said nothing of it' }
  }
}

/** The results in the order of the items. */
async function eachAtOnce<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const one = async () => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index]
      if (item !== undefined) results[index] = await work(item)
    }
  }
  await Promise.all(Array.from({ length: Math.min(scriptsAtOnce, items.length) }, one))
  return results
}
