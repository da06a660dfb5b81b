import { ClusterError, toError } from '../../../runtime/base/errors.ts'
import type { ExtraNode } from '../../contract/clusters.ts'
import type { MachineFacts, Finding } from '../../contract/machines.ts'
import type { HostConnection } from '../../ssh/host-connection.ts'
import type { Source } from '../core/state.ts'
import type { MachineTarget, OperationInput } from '../operation-input.ts'
import type { Arch, PayloadArchive } from '../payload-archive.ts'
import type { Peers } from '../peers.ts'
import type { WheelsArchive, WheelsWanted } from '../ray/wheels.ts'

/** What was learnt of a machine on the way, for who keeps the record of the cluster. */
export type MemberNews = {
  readonly state: 'started' | 'draining' | 'stopped' | 'gone'
  readonly payload?: string
  readonly sessionFolder?: string
  readonly address?: string
  readonly nodeId?: string
  readonly extraNodes?: ExtraNode[]
  /** Of the head only: where its HTTP API listens on its machine, and where the token for it lies there. */
  readonly api?: { readonly address: string; readonly tokenFile: string }
}

export type OperationIo = {
  /** One connection of this operation's own; it is closed when it is not needed any more. */
  connect(machineId: string): Promise<HostConnection>
  payloadFor(arch: Arch): Promise<PayloadArchive>
  /** The wheels of a folder of this computer, as one archive. */
  wheelsFor?(wanted: WheelsWanted): Promise<WheelsArchive>
  /** Looks at a machine again just before it is changed. Its blockers keep it out. @default the plan's look is enough */
  probe?(machineId: string, connection: HostConnection): Promise<{ facts: MachineFacts; findings: readonly Finding[] }>
  /** Drains through the head's API, where the caller is connected to it; returns when the node has left. @default over SSH on the head's machine */
  drainNode?(order: {
    nodeId: string
    withinMs: number | null
    signal: AbortSignal
    onProgress(left: number, total: number): void
  }): Promise<void>
  /** Called as soon as something is known, so that a crash of the panel forgets nothing; the step goes on when it is written down. */
  memberChanged?(machineId: string, news: MemberNews): Promise<void> | void
  /** Submits the sample jobs to the cluster; `say` adds lines to the step's log. Resolves with the number of jobs. */
  submitSamples?(order: { signal: AbortSignal; say(text: string): void }): Promise<number>
  nowMs(): number
  /** 24 hex digits and more that nobody can guess. */
  randomHex(bytes: number): string
}

/** What a step has to work with. */
export type StepContext = {
  readonly input: OperationInput
  readonly machine: MachineTarget
  /** Of a transfer: where it comes from. */
  readonly source: Source | null
  readonly io: OperationIo
  readonly peers: Peers
  readonly signal: AbortSignal
  connection(machineId?: string): Promise<HostConnection>
  /** The cluster's join token, read on the head's machine once. It is struck out of every log from then on. */
  joinToken(): Promise<string>
  /** Adds lines to the step's log. */
  say(text: string): void
  progress(done: number, total: number, unit: 'bytes' | 'items'): void
}

export type StepEnd = { readonly kind: 'done' | 'skipped'; readonly note: string | null }
export const done = (note: string | null = null): StepEnd => ({ kind: 'done', note })
export const skipped = (note: string): StepEnd => ({ kind: 'skipped', note })

/** A fetch from a peer that came to nothing: this computer sends it instead. */
export class NotFetched extends Error {
  override readonly name = 'NotFetched'
}

const usualTimeoutMs = 120_000
const longestReason = 1_500

type ScriptOptions = {
  readonly timeoutMs?: number
  readonly machineId?: string
  readonly isQuiet?: boolean
  readonly maxOutputBytes?: number
}

/**
 * Runs a script on the step's machine, its output in the step's log, and returns what it printed.
 * @throws ClusterError `bootstrap.failed` with the end of its error output when it ends otherwise than with 0
 */
export async function runScript(context: StepContext, text: string, options: ScriptOptions = {}): Promise<string> {
  const { code, signal, stdout, stderr } = await tryScript(context, text, options)
  if (code === 0) return stdout
  const how = code === null ? `was ended by ${signal ?? 'a signal'}` : `ended with ${code}`
  const reason = lastLines(stderr) || lastLines(stdout) || 'it said nothing'
  throw new ClusterError('bootstrap.failed', `the script on ${context.machine.name} ${how}: ${reason}. ${remedyFor(reason)}`, {
    details: { machineId: context.machine.machineId, exitCode: code ?? -1 },
  })
}

export async function tryScript(context: StepContext, text: string, options: ScriptOptions = {}) {
  const connection = await context.connection(options.machineId)
  return connection.script(text, [], {
    signal: context.signal,
    timeoutMs: options.timeoutMs ?? usualTimeoutMs,
    ...(options.maxOutputBytes === undefined ? {} : { maxOutputBytes: options.maxOutputBytes }),
    ...(options.isQuiet === true ? {} : { onLine: (line) => context.say(`${line}\n`) }),
  })
}

const lastLines = (text: string): string => text.trim().split('\n').slice(-6).join('; ').slice(-longestReason)

/** What helps with what a machine says, in plain words. */
export function remedyFor(reason: string): string {
  for (const [pattern, remedy] of remedies) if (pattern.test(reason)) return remedy
  return 'Look at the log of this step, mend what it names, and retry.'
}

const remedies: readonly (readonly [RegExp, string])[] = [
  [/No space left|ENOSPC|Disk quota/i, 'Free some disk space there, or give the machine another folder, and retry.'],
  [/Read-only file system|EROFS/i, 'The folder lies on a read-only file system: give the machine another folder, and retry.'],
  [
    /bin\/node: Permission denied|bin\/shoal: Permission denied/i,
    'Programs may not be run from that folder (its file system is mounted noexec): give the machine another folder, and retry.',
  ],
  [/Permission denied|EACCES/i, 'The user may not write there: give the machine another folder, or another user, and retry.'],
  [
    /bin\/node: (not found|No such file)|required file not found/i,
    'Its C library is not glibc (Alpine has musl), so the payload cannot run there.',
  ],
  [/GLIBC_|GLIBCXX_|libstdc\+\+/i, 'Its C or C++ library is missing or too old: glibc 2.28 and libstdc++ are needed.'],
  [/Exec format error/i, 'The payload is for another processor than the machine has: check the machine again.'],
  [
    /No matching distribution|Could not find a version|no solution found|resolution|name resolution|ConnectTimeout|NewConnectionError|dns error|error sending request/i,
    'The machine does not reach the package index, or there is no such version for its Python: choose another --ray-version or --python, or send the wheels from here (--wheels FOLDER).',
  ],
  [
    /ensurepip|python3-venv/i,
    'As root there: apt-get install python3-venv. Without root: install uv (https://docs.astral.sh/uv) for that user, and retry.',
  ],
  [/EADDRINUSE|in use/i, 'Another program has the port: end it, or give the cluster or the machine another port, and retry.'],
]

/** As a failure of a step says it: an error of ours as it is, anything else named as what it is. */
export function failureOf(thrown: unknown): { code: string; message: string; isRetryable: boolean } {
  if (thrown instanceof ClusterError) return { code: thrown.code, message: thrown.message.slice(0, 8_192), isRetryable: thrown.retryable }
  return { code: 'internal', message: toError(thrown).message.slice(0, 8_192), isRetryable: false }
}
