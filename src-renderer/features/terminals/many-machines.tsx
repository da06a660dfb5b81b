import { useRef, useState } from 'react'
import type { ExecGroup } from '../../../src-main/contract/panel.ts'
import { useMachines } from '../../api/live-things.ts'
import { panel } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { allOf } from '../../navigation/query.ts'
import { useQueryState } from '../../navigation/use-navigation.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { CodeBlock } from '../../ui/code-block.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Checkbox, Field, TextInput } from '../../ui/field.tsx'
import { messages } from './messages.ts'

/** One command on many machines; those that ended alike stand together. */
export function ManyMachines() {
  const t = useText(messages)
  const machines = useMachines().values
  const [query] = useQueryState()
  const on = allOf(query['on']) // an address may name those that it is for
  const [chosenLeft, setLeft] = useState<ReadonlySet<string> | null>(null)
  const left = chosenLeft ?? new Set(machines.filter(({ name }) => on.length > 0 && !on.includes(name)).map(({ id }) => id))
  const [command, setCommand] = useState('')
  const [groups, setGroups] = useState<readonly ExecGroup[] | null>(null)
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  const abort = useRef<AbortController>(null)
  const chosen = machines.filter(({ id }) => !left.has(id))
  const run = async () => {
    const controller = new AbortController()
    abort.current = controller
    setBusy(true)
    setError(undefined)
    try {
      setGroups(await panel.call('machines.exec', { machines: chosen.map(({ name }) => name), command }, controller.signal))
    } catch (failure) {
      if (!controller.signal.aborted) setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return (
    <div className="flex min-h-0 flex-col gap-4 overflow-y-auto">
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault()
          void run()
        }}
      >
        <div className="flex items-end gap-2">
          <div className="flex-1">
            <Field label={t('command')}>
              {(control) => (
                <TextInput
                  {...control}
                  value={command}
                  placeholder="uname -r"
                  className="w-full font-mono"
                  onChange={(event) => setCommand(event.target.value)}
                />
              )}
            </Field>
          </div>
          <Button type="submit" variant="primary" isBusy={isBusy} disabled={command.trim() === '' || chosen.length === 0}>
            {isBusy ? t('running') : t('run')}
          </Button>
          {isBusy && <Button onClick={() => abort.current?.abort()}>{t('cancel')}</Button>}
        </div>
        <MachineChoice left={left} onChange={setLeft} />
      </form>
      {error !== undefined && <ErrorNote error={error} />}
      <div aria-live="polite" className="flex flex-col gap-3">
        {groups?.map((group) => (
          <Group key={group.machines.map(({ machineId }) => machineId).join(' ')} group={group} />
        ))}
      </div>
    </div>
  )
}

type MachineChoiceProps = { readonly left: ReadonlySet<string>; readonly onChange: (left: ReadonlySet<string>) => void }

/** All, but for those that are left out. */
function MachineChoice({ left, onChange }: MachineChoiceProps) {
  const t = useText(messages)
  const machines = useMachines().values
  const chosen = machines.filter(({ id }) => !left.has(id))
  return (
    <fieldset className="flex flex-wrap items-center gap-x-4 gap-y-1">
      <legend className="sr-only">{t('machines')}</legend>
      <Checkbox
        label={`${t('all')} (${chosen.length}/${machines.length})`}
        isChecked={left.size === 0 ? true : chosen.length === 0 ? false : 'some'}
        onChange={(isChecked) => onChange(new Set(isChecked ? [] : machines.map(({ id }) => id)))}
      />
      {machines.slice(0, 300).map(({ id, name }) => (
        <Checkbox
          key={id}
          label={name}
          isChecked={!left.has(id)}
          onChange={(isChecked) => onChange(new Set(isChecked ? [...left].filter((each) => each !== id) : [...left, id]))}
        />
      ))}
    </fieldset>
  )
}

function Group({ group }: { readonly group: ExecGroup }) {
  const t = useText(messages)
  const { machines, code, signal, stdout, stderr, failure, difference, isTruncated } = group
  const isGood = code === 0 && failure === null
  const ending =
    failure !== null ? t('couldNot') : signal !== null ? t('signal', { signal }) : code === 0 ? t('ok') : t('code', { code: code ?? '?' })
  return (
    <Card title={t('groupOf', { count: machines.length })} actions={<Badge tone={isGood ? 'good' : 'bad'}>{ending}</Badge>}>
      <p className="mb-2 text-sm text-soft">{machines.map(({ name }) => name).join(', ')}</p>
      {failure !== null && <ErrorNote error={failure} />}
      {failure === null && stdout === '' && stderr === '' && <p className="text-faint">{t('noOutput')}</p>}
      {stdout !== '' && <CodeBlock text={stdout} label="stdout" />}
      {stderr !== '' && <CodeBlock text={stderr} label="stderr" className="mt-2" />}
      {isTruncated && <p className="mt-1 text-sm text-warn">{t('truncated')}</p>}
      {difference.length > 0 && (
        <details className="mt-2">
          <summary className="text-sm text-soft">{t('sameAs')}</summary>
          <CodeBlock text={difference.join('\n')} label={t('sameAs')} />
        </details>
      )}
    </Card>
  )
}
