import { useText } from '../../i18n/messages.ts'
import { useTableUrl } from '../../entities/table-url.ts'
import { Segmented } from '../../ui/field.tsx'
import { messages } from './messages.ts'

const waitingStates = [
  'PENDING_ARGS_AVAIL',
  'PENDING_NODE_ASSIGNMENT',
  'PENDING_OBJ_STORE_MEM_AVAIL',
  'PENDING_ARGS_FETCH',
  'SUBMITTED_TO_WORKER',
]
const runningStates = ['RUNNING', 'RUNNING_IN_RAY_GET', 'RUNNING_IN_RAY_WAIT']

const choices = [
  { value: 'all', states: [] },
  { value: 'running', states: runningStates },
  { value: 'waiting', states: waitingStates },
  { value: 'failed', states: ['FAILED'] },
  { value: 'finished', states: ['FINISHED'] },
] as const

/** The states that one asks for most, by one click. */
export function StateFilter() {
  const t = useText(messages)
  const [state, setState] = useTableUrl()
  const current = state.filters.find(({ column }) => column === 'state')?.value ?? ''
  const chosen = choices.find(({ states }) => states.join(',') === current)?.value
  const others = state.filters.filter(({ column }) => column !== 'state')
  return (
    <Segmented
      label={t('quick')}
      value={chosen ?? ('other' as 'all')} // a filter by hand: none of these is on
      options={choices.map(({ value }) => ({ value, label: t(value) }))}
      onChange={(value) => {
        const states = choices.find((choice) => choice.value === value)?.states ?? []
        const filter = { column: 'state', operator: states.length > 1 ? 'in' : 'eq', value: states.join(',') } as const
        setState({ ...state, filters: states.length === 0 ? others : [...others, filter] })
      }}
    />
  )
}
