import { Layers, Unplug } from 'lucide-react'
import { useState } from 'react'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../button.tsx'
import { Checkbox, TextInput } from '../field.tsx'
import { Popover } from '../popover.tsx'
import type { LogSource } from './log-line.ts'
import { seriesInk } from './log-row.tsx'
import { messages } from './messages.ts'

type SourceMenuProps = {
  readonly sources: readonly LogSource[]
  readonly hidden: readonly string[]
  readonly onChange: (hidden: readonly string[]) => void
}

/** Shows and hides sources. */
export function SourceMenu({ sources, hidden, onChange }: SourceMenuProps) {
  const t = useText(messages)
  const format = useFormat()
  const shown = sources.filter(({ key }) => !hidden.includes(key)).length
  const counts = { shown: format.number(shown), all: format.number(sources.length) }
  return (
    <Popover
      label={t('sources')}
      trigger={
        <Button icon={Layers} className="text-sm" aria-pressed={hidden.length > 0}>
          {t('sourcesOf', counts)}
        </Button>
      }
    >
      <SourceList sources={sources} hidden={hidden} onChange={onChange} />
    </Popover>
  )
}

/** More are found by their names. */
const mostListed = 100
const fewEnough = 10

function SourceList({ sources, hidden, onChange }: SourceMenuProps) {
  const t = useText(messages)
  const [wanted, setWanted] = useState('')
  const found = sources.filter(({ label }) => label.toLowerCase().includes(wanted.toLowerCase()))
  const toggle = (key: string, isShown: boolean) => onChange(isShown ? hidden.filter((each) => each !== key) : [...hidden, key])
  return (
    <div className="flex w-72 flex-col gap-2">
      {sources.length > fewEnough && (
        <TextInput
          aria-label={t('findSource')}
          placeholder={t('findSource')}
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
      )}
      <div className="flex gap-2">
        <Button size="sm" onClick={() => onChange(hidden.filter((key) => !found.some((source) => source.key === key)))}>
          {t('showAll')}
        </Button>
        <Button size="sm" onClick={() => onChange([...new Set([...hidden, ...found.map(({ key }) => key)])])}>
          {t('hideAll')}
        </Button>
      </div>
      <ul className="flex flex-col">
        {found.slice(0, mostListed).map((source) => (
          <li key={source.key} className="flex min-h-6 items-center">
            <Checkbox
              label={<SourceName source={source} />}
              isChecked={!hidden.includes(source.key)}
              onChange={(isShown) => toggle(source.key, isShown)}
            />
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="text-soft">{t('noSource')}</p>}
      {found.length > mostListed && <p className="text-soft">{t('moreSources', { count: found.length - mostListed })}</p>}
    </div>
  )
}

function SourceName({ source }: { readonly source: LogSource }) {
  const t = useText(messages)
  return (
    <span className="flex min-w-0 items-center gap-1">
      <span className="font-mono text-sm break-all" style={{ color: seriesInk(source.number) }}>
        {source.label}
      </span>
      {source.state !== 'live' && (
        <span className="flex items-center gap-1 text-xs text-faint">
          {source.state === 'gone' && <Unplug size={12} aria-hidden />}
          {t(source.state === 'gone' ? 'gone' : 'endedSource')}
        </span>
      )}
    </span>
  )
}
