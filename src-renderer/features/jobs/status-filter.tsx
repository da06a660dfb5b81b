import { useTableUrl } from '../../entities/table-url.ts'
import { useText } from '../../i18n/messages.ts'
import { Segmented } from '../../ui/field.tsx'
import { jobStatuses } from './job-columns.tsx'
import { messages } from './messages.ts'

const choices = ['all', ...jobStatuses] as const

/** One status, by one click. */
export function StatusFilter() {
  const t = useText(messages)
  const [state, setState] = useTableUrl()
  const current = state.filters.find(({ column }) => column === 'status')?.value ?? 'all'
  const others = state.filters.filter(({ column }) => column !== 'status')
  return (
    <Segmented
      label={t('quick')}
      value={choices.find((choice) => choice === current) ?? ('other' as 'all')} // a filter by hand: none of these is on
      options={choices.map((value) => ({ value, label: t(value) }))}
      onChange={(value) =>
        setState({ ...state, filters: value === 'all' ? others : [...others, { column: 'status', operator: 'eq', value }] })
      }
    />
  )
}
