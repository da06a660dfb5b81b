import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createLogger } from '#runtime/base/logger.ts'
import type { MachineSpec } from '#src-main/contract/machines.ts'
import type { Operation } from '#src-main/contract/operations.ts'
import type { Question, QuestionAnswer } from '#src-main/contract/questions.ts'
import { openPanelHost, type PanelHost, type PanelHostOptions } from '#src-main/host/panel-host.ts'
import type { Bed } from './bed/bed.ts'
import type { BedHost } from './bed/bed-host.ts'

/** A panel with a data folder of its own. Every output and event is held to the contract. */
export type TestPanel = {
  readonly host: PanelHost
  readonly folder: string
  /** All that it logged. */
  readonly log: string[]
  /** Ends it; the folder stays for the next one. */
  stop(): Promise<void>
  /** Opens another on the same folder. */
  restart(): Promise<TestPanel>
  dispose(): Promise<void>
}

type Options = Pick<PanelHostOptions, 'payloadFolder' | 'isWatching' | 'checkOutputs'> & {
  readonly folder?: string
  /** What to say to each question. @default accepts host keys, refuses all else */
  readonly answer?: (question: Question) => QuestionAnswer
}

export const acceptKeys = (question: Question): QuestionAnswer =>
  question.kind === 'host-key' ? { kind: 'accept-host-key', fingerprint: question.fingerprint } : { kind: 'refuse' }

export async function openTestPanel(options: Options): Promise<TestPanel> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'shoal-panel-'))
  const log: string[] = []
  const logger = createLogger('panel', (line) => void log.push(line), { level: 'debug' })
  const host = await openPanelHost({ checkOutputs: true, ...options, folder: join(folder, 'data'), logger })
  const answer = options.answer ?? acceptKeys
  host.hub.subscribe('questions', {}, ({ events }) => {
    for (const event of events) {
      const { value } = JSON.parse(event) as { value: Question | null } // of the panel's own contract
      if (value) void host.call('questions.answer', { questionId: value.id, answer: answer(value) }).catch(() => {}) // it was settled meanwhile
    }
  })
  let isOpen = true
  const stop = async () => {
    if (isOpen) await host.close()
    isOpen = false
  }
  return {
    host,
    folder,
    log,
    stop,
    restart: async () => {
      await stop()
      return openTestPanel({ ...options, folder })
    },
    async dispose() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** How a host of the bed stands in an inventory. */
export const specOfHost = (bed: Bed, host: BedHost, more: Partial<MachineSpec> = {}): MachineSpec => ({
  name: host.name,
  via: 'ssh',
  host: host.address,
  port: host.port,
  user: host.user,
  keyFiles: [bed.keyFile],
  jump: [],
  groups: [],
  tags: [],
  notes: '',
  ...more,
})

/** Resolves when it does not run any more, with all of it. */
export async function ended(panel: PanelHost, operationId: string, withinMs = 240_000): Promise<Operation> {
  const untilMs = performance.now() + withinMs
  for (;;) {
    const operation = await panel.call('operations.get', { operationId })
    if (operation.state !== 'running') return operation
    if (performance.now() > untilMs) throw new Error(`operation ${operationId} did not end: ${storyOf(operation)}`)
    await delay(100)
  }
}

/** For the message of a test that fails. */
export const storyOf = ({ title, state, failure, machines }: Operation): string =>
  [
    `${title}: ${state} ${failure?.message ?? ''}`,
    ...machines.map(
      ({ name, state: reached, failure: why, steps }) =>
        `  ${name} ${reached}: ${steps.map((step) => `${step.id} ${step.state}${step.startedAtMs !== null && step.endedAtMs !== null ? ` ${step.endedAtMs - step.startedAtMs} ms` : ''}${step.note === null ? '' : ` (${step.note})`}`).join(', ')}${why ? `\n    ${why.code}: ${why.message}` : ''}`,
    ),
  ].join('\n')

export async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined, withinMs = 60_000): Promise<T> {
  const untilMs = performance.now() + withinMs
  for (;;) {
    const seen = await look()
    if (seen !== undefined) return seen
    if (performance.now() > untilMs) throw new Error(`${what}: not within ${withinMs} ms`)
    await delay(100)
  }
}

/** The whole log of a job, followed until it has ended. */
export async function logOfJob(
  panel: PanelHost,
  { cluster, job, withinMs = 100_000 }: { cluster: string; job: string; withinMs?: number },
): Promise<string> {
  const { streamId } = await panel.call('logs.followJob', { cluster, job })
  let text = ''
  let isEnd = false
  const subscription = panel.hub.subscribe(`job-log/${streamId}`, { since: 0 }, ({ events }) => {
    for (const event of events) {
      const piece = JSON.parse(event) as { text: string; isEnd: boolean } // of the panel's own contract
      text += piece.text
      isEnd ||= piece.isEnd
    }
  })
  await until(`the log of ${job}`, () => isEnd || undefined, withinMs)
  subscription.close()
  return text
}
