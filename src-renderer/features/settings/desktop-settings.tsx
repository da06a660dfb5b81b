import { useQuery } from '@tanstack/react-query'
import type { AskInput } from '../../../src-main/contract/desktop-bridge.ts'
import { queryClient } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { Card } from '../../ui/card.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Switch } from '../../ui/field.tsx'
import { messages } from './messages.ts'

const switches = [
  { name: 'notifyJobs', word: 'notifyJobs' },
  { name: 'notifyNodes', word: 'notifyNodes' },
  { name: 'notifyOperations', word: 'notifyOperations' },
  { name: 'staysInTray', word: 'staysInTray' },
] as const
const queryKey = ['desktop', 'preferences']

/** What the desktop's window has besides: notices and its icon in the tray. Nothing in a browser. */
export function DesktopSettings() {
  const t = useText(messages)
  const { shoalDesktop } = window
  const preferences = useQuery({
    queryKey,
    queryFn: () => shoalDesktop?.ask('preferences', {}) ?? null,
    enabled: shoalDesktop !== undefined,
  })
  if (shoalDesktop === undefined) return null
  const change = async (part: AskInput<'changePreferences'>) => {
    queryClient.setQueryData(queryKey, await shoalDesktop.ask('changePreferences', part))
  }
  const { data } = preferences
  return (
    <Card title={t('desktop')}>
      {preferences.isError && <ErrorNote error={preferences.error} />}
      {data && (
        <ul className="flex flex-col gap-2">
          {switches.map(({ name, word }) => (
            <li key={name}>
              <Switch label={t(word)} isOn={data[name]} onChange={(isOn) => void change({ [name]: isOn })} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}
