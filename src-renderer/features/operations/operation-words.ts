import type { Operation, Step, StepState } from '../../../src-main/contract/operations.ts'
import { useClusters } from '../../api/live-things.ts'
import { useText } from '../../i18n/messages.ts'
import type { Tone } from '../../ui/badge.tsx'
import { messages } from './messages.ts'

const stepWords = {
  connect: 'connect',
  probe: 'probe',
  upload: 'upload',
  unpack: 'unpack',
  network: 'network',
  start: 'start',
  verify: 'verify',
  'extra-nodes': 'extraNodes',
  samples: 'samples',
  service: 'service',
  drain: 'stepDrain',
  stop: 'stop',
  delete: 'delete',
  prune: 'prune',
  forget: 'forget',
} as const satisfies Record<string, keyof (typeof messages)['en']>

const isKnownStep = (id: string): id is keyof typeof stepWords => Object.hasOwn(stepWords, id)

/** One word or two for a step; one that is not known here speaks for itself. */
export function useStepWord(): (step: Pick<Step, 'id' | 'title'>) => string {
  const t = useText(messages)
  return ({ id, title }) => (isKnownStep(id) ? t(stepWords[id]) : title)
}

/** What an operation is called; in the panel's own words once its cluster is forgotten. */
export function useOperationTitle(): (operation: Pick<Operation, 'kind' | 'clusterId' | 'title'>) => string {
  const t = useText(messages)
  const { values } = useClusters()
  return ({ kind, clusterId, title }) => {
    const cluster = values.find(({ id }) => id === clusterId)
    return cluster === undefined ? title : t(kind, { cluster: cluster.name })
  }
}

export const operationTones: Readonly<Record<Operation['state'], Tone>> = {
  running: 'info',
  done: 'good',
  'partly-done': 'warn',
  failed: 'bad',
  cancelled: 'idle',
  interrupted: 'warn',
}

export const stepTones: Readonly<Record<StepState, Tone>> = {
  waiting: 'idle',
  running: 'info',
  done: 'good',
  skipped: 'idle',
  failed: 'bad',
  cancelled: 'idle',
}
