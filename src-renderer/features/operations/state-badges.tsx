import { Ban, Check, CircleDashed, CircleX, LoaderCircle, type LucideIcon, SkipForward, TriangleAlert, Unplug } from 'lucide-react'
import type { Operation, StepState } from '../../../src-main/contract/operations.ts'
import { useText } from '../../i18n/messages.ts'
import { Badge } from '../../ui/badge.tsx'
import { messages } from './messages.ts'
import { operationTones, stepTones } from './operation-words.ts'

const operationIcons: Readonly<Record<Operation['state'], LucideIcon>> = {
  running: LoaderCircle,
  done: Check,
  'partly-done': TriangleAlert,
  failed: CircleX,
  cancelled: Ban,
  interrupted: Unplug,
}

export const stepIcons: Readonly<Record<StepState, LucideIcon>> = {
  waiting: CircleDashed,
  running: LoaderCircle,
  done: Check,
  skipped: SkipForward,
  failed: CircleX,
  cancelled: Ban,
}

export function OperationState({ state }: { readonly state: Operation['state'] }) {
  const t = useText(messages)
  return (
    <Badge tone={operationTones[state]} icon={operationIcons[state]}>
      {t(state)}
    </Badge>
  )
}

export function MachineState({ state }: { readonly state: StepState }) {
  const t = useText(messages)
  return (
    <Badge tone={stepTones[state]} icon={stepIcons[state]}>
      {t(state)}
    </Badge>
  )
}
