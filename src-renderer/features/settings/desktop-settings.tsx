import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { AskInput } from '../../../src-main/contract/desktop-bridge.ts'
import { queryClient } from '../../api/panel.ts'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Field, Switch, TextInput } from '../../ui/field.tsx'
import { messages } from './messages.ts'
import { fewestMinutes, minutesText, mostMinutes, stalledMsOf } from './stalled-after.ts'

const switches = ['notifyJobs', 'notifyNodes', 'notifyOperations', 'staysInTray'] as const
const queryKey = ['desktop', 'preferences']

/** What the desktop's window has besides: notices and its icon in the tray. Nothing in a browser. */
export function DesktopSettings() {
  const t = useText(messages)
  const { shoalDesktop } = window
  const [failure, setFailure] = useState<unknown>()
  const preferences = useQuery({
    queryKey,
    queryFn: () => shoalDesktop?.ask('preferences', {}) ?? null,
    enabled: shoalDesktop !== undefined,
  })
  if (shoalDesktop === undefined) return null
  const change = async (part: AskInput<'changePreferences'>) => {
    setFailure(undefined)
    try {
      queryClient.setQueryData(queryKey, await shoalDesktop.ask('changePreferences', part))
    } catch (error) {
      setFailure(error)
    }
  }
  const { data } = preferences
  return (
    <Card title={t('desktop')}>
      {preferences.isError && <ErrorNote error={preferences.error} onRetry={() => void preferences.refetch()} />}
      {failure !== undefined && <ErrorNote error={failure} />}
      {data && (
        <div className="flex flex-col gap-3">
          <ul className="flex flex-col gap-2">
            {switches.map((name) => (
              <li key={name}>
                <Switch label={t(name)} isOn={data[name]} onChange={(isOn) => void change({ [name]: isOn })} />
              </li>
            ))}
          </ul>
          <StalledAfter
            key={data.stalledAfterMs}
            ms={data.stalledAfterMs}
            isTold={data.notifyJobs}
            onChange={(stalledAfterMs) => change({ stalledAfterMs })}
          />
        </div>
      )}
    </Card>
  )
}

type StalledAfterProps = { readonly ms: number; readonly isTold: boolean; readonly onChange: (ms: number) => Promise<void> }

/** Of no use while nobody is told of jobs. */
function StalledAfter({ ms, isTold, onChange }: StalledAfterProps) {
  const t = useText(messages)
  const format = useFormat()
  const kept = minutesText(ms)
  const [text, setText] = useState(kept)
  const [isBusy, setBusy] = useState(false)
  const wanted = stalledMsOf(text)
  const range = { fewest: format.number(fewestMinutes), most: format.number(mostMinutes) }
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (wanted === undefined || text === kept) return
    setBusy(true)
    await onChange(wanted)
    setBusy(false)
  }
  return (
    <form onSubmit={(event) => void submit(event)} className="flex max-w-[520px] flex-col gap-2">
      <Field
        label={t('stalledAfter')}
        hint={isTold ? t('stalledAfterHint', range) : t('stalledAfterOff')}
        error={isTold && wanted === undefined ? t('stalledAfterWrong', range) : undefined}
      >
        {(control) => (
          <TextInput
            {...control}
            inputMode="decimal"
            disabled={!isTold}
            value={text}
            onChange={(event) => setText(event.target.value)}
            className="w-24 tabular-nums"
          />
        )}
      </Field>
      {isTold && text.trim() !== kept && (
        <div>
          <Button type="submit" variant="primary" isBusy={isBusy} disabled={wanted === undefined}>
            {t('save')}
          </Button>
        </div>
      )}
    </form>
  )
}
