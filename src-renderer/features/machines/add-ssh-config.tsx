import { useQuery } from '@tanstack/react-query'
import { FileSearch } from 'lucide-react'
import { useState } from 'react'
import { useMachines } from '../../api/live-things.ts'
import { panelQuery } from '../../api/panel.ts'
import { type Host, standingsOf } from '../../entities/host-standing.ts'
import { ParseProblems } from '../../entities/parse-problems.tsx'
import { useText } from '../../i18n/messages.ts'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Checkbox, Field, TextInput } from '../../ui/field.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { VirtualList } from '../../ui/virtual-list.tsx'
import { AddFooter, useAdding } from './add-footer.tsx'
import { messages } from './add-messages.ts'

/** The hosts that the user's own ssh config names, to choose from. How each is reached stays in that file. */
export function AddFromSshConfig({ onAdded }: { readonly onAdded: () => void }) {
  const t = useText(messages)
  const { data, error, refetch } = useQuery({ ...panelQuery('machines.parse', { format: 'ssh-config', text: '' }), staleTime: 0 })
  const { values } = useMachines()
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const { add, ...adding } = useAdding(onAdded)
  if (error !== null) return <ErrorNote error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <SkeletonRows rows={8} />
  const hosts = standingsOf(data.machines, values)
  if (hosts.length === 0)
    return (
      <EmptyState icon={FileSearch} title={t('sshConfigNone')}>
        {t('sshConfigNoneText')}
      </EmptyState>
    )
  const specs = hosts.filter((host) => isNew(host) && !left.has(host.spec.name)).map(({ spec }) => spec)
  return (
    <form
      id="add-ssh-config"
      className="flex flex-1 flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        if (specs.length > 0) add(specs)
      }}
    >
      <p className="text-soft">{t('sshConfigText')}</p>
      <ParseProblems problems={data.problems} />
      <Choice hosts={hosts} left={left} onLeft={setLeft} />
      <AddFooter
        specs={specs}
        form="add-ssh-config"
        note={t('chosen', { count: specs.length, total: hosts.filter(isNew).length })}
        {...adding}
      />
    </form>
  )
}

const isNew = ({ standing }: Host): boolean => standing.kind === 'new'

type ChoiceProps = {
  readonly hosts: readonly Host[]
  /** Names of those that are not wanted. */
  readonly left: ReadonlySet<string>
  readonly onLeft: (left: ReadonlySet<string>) => void
}

function Choice({ hosts, left, onLeft }: ChoiceProps) {
  const t = useText(messages)
  const [filter, setFilter] = useState('')
  const shown = hosts.filter(({ spec }) => spec.name.toLowerCase().includes(filter.trim().toLowerCase()))
  const free = shown.filter(isNew).map(({ spec }) => spec.name)
  const count = free.filter((name) => !left.has(name)).length
  const toggle = (names: readonly string[], isWanted: boolean) => {
    const next = new Set(left)
    for (const name of names)
      if (isWanted) next.delete(name)
      else next.add(name)
    onLeft(next)
  }
  return (
    <>
      <div className="max-w-[320px]">
        <Field label={t('filter')}>
          {(control) => <TextInput {...control} type="search" value={filter} onChange={(event) => setFilter(event.target.value)} />}
        </Field>
      </div>
      <div className="rounded-lg border">
        <div className="border-b px-3 py-1">
          <Checkbox
            label={t('selectShown')}
            isChecked={count === 0 ? false : count === free.length ? true : 'some'}
            isDisabled={free.length === 0}
            onChange={(isWanted) => toggle(free, isWanted)}
          />
        </div>
        <div className="max-h-[320px] overflow-y-auto">
          <VirtualList
            label={t('ssh-config')}
            items={shown}
            keyOf={({ spec }) => spec.name}
            rowHeight={33}
            renderRow={(host) => <ChoiceRow host={host} isWanted={!left.has(host.spec.name)} onChange={toggle} />}
          />
          {shown.length === 0 && <p className="px-3 py-2 text-soft">{t('noneMatch')}</p>}
        </div>
      </div>
    </>
  )
}

type ChoiceRowProps = {
  readonly host: Host
  readonly isWanted: boolean
  readonly onChange: (names: readonly string[], isWanted: boolean) => void
}

function ChoiceRow({ host, isWanted, onChange }: ChoiceRowProps) {
  const t = useText(messages)
  const { spec, standing } = host
  return (
    <div className="flex min-h-8 items-center gap-3 border-b px-3">
      <Checkbox
        label={spec.name}
        isChecked={isNew(host) && isWanted}
        isDisabled={!isNew(host)}
        onChange={(isOn) => onChange([spec.name], isOn)}
      />
      {standing.kind !== 'new' && (
        <span className="ml-auto text-sm text-faint">
          {standing.kind === 'twice' ? t('twice', { name: standing.first }) : t(standing.kind === 'taken' ? 'taken' : 'known')}
        </span>
      )}
    </div>
  )
}
