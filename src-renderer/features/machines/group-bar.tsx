import { ChevronRight, FolderTree, Tag } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Machine } from '../../../src-main/contract/machines.ts'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { classNames } from '../../ui/class-names.ts'
import { Menu } from '../../ui/menu.tsx'
import { type Asked, groupLevel, isAsked, lastPart, tagCounts } from './groups.ts'
import { messages } from './messages.ts'

type GroupBarProps = { readonly machines: readonly Machine[]; readonly asked: Asked; readonly onAsk: (asked: Asked) => void }

/** Tags that stand in sight; the others are behind one more. */
const shownTags = 6

/** Where one stands among the groups, the groups within, and the tags of what is left. Nothing where no machine has any of them. */
export function GroupBar({ machines, asked, onAsk }: GroupBarProps) {
  const hasGroups = machines.some(({ groups }) => groups.length > 0) || asked.group !== undefined
  const hasTags = machines.some(({ tags }) => tags.length > 0) || asked.tags.length > 0
  if (!hasGroups && !hasTags) return null
  return (
    <div className="flex flex-wrap items-center gap-x-6 gap-y-1">
      {hasGroups && <Groups machines={machines} asked={asked} onAsk={onAsk} />}
      {hasTags && <TagChips machines={machines} asked={asked} onAsk={onAsk} />}
    </div>
  )
}

function Groups({ machines, asked, onAsk }: GroupBarProps) {
  const t = useText(messages)
  const { group, tags } = asked
  const { open, inner, ofNone } = groupLevel(machines, group)
  const ask = (next: string | undefined) => onAsk({ group: next, tags })
  return (
    <div role="group" aria-label={t('groups')} className="flex min-w-0 flex-wrap items-center gap-1">
      <FolderTree size={14} aria-hidden className="mr-1 text-faint" />
      <Chip isOn={group === undefined} onClick={() => ask(undefined)} count={machines.length}>
        {t('allGroups')}
      </Chip>
      {open.map(({ name, count }) => (
        <span key={name} className="flex items-center gap-1">
          <ChevronRight size={12} aria-hidden className="text-faint" />
          <Chip isOn={name === group} onClick={() => ask(name)} count={count}>
            {lastPart(name)}
          </Chip>
        </span>
      ))}
      {inner.length > 0 && open.length > 0 && <ChevronRight size={12} aria-hidden className="text-faint" />}
      {inner.map(({ name, count }) => (
        <Chip key={name} isOn={false} onClick={() => ask(name)} count={count}>
          {lastPart(name)}
        </Chip>
      ))}
      {ofNone > 0 && ofNone < machines.length && open.length === 0 && (
        <Chip isOn={group === ''} onClick={() => ask(group === '' ? undefined : '')} count={ofNone}>
          <i>{t('noGroup')}</i>
        </Chip>
      )}
    </div>
  )
}

function TagChips({ machines, asked, onAsk }: GroupBarProps) {
  const t = useText(messages)
  const { group, tags } = asked
  const known = tagCounts(machines.filter((machine) => isAsked(machine, { group, tags })))
  const on = tags.map((name) => ({ name, count: known.find((each) => each.name === name)?.count ?? 0 }))
  const off = known.filter(({ name }) => !tags.includes(name))
  const room = Math.max(0, shownTags - on.length)
  if (on.length === 0 && off.length === 0) return null
  const toggle = (name: string) => onAsk({ group, tags: tags.includes(name) ? tags.filter((each) => each !== name) : [...tags, name] })
  return (
    <div role="group" aria-label={t('tags')} className="flex min-w-0 flex-wrap items-center gap-1">
      <Tag size={14} aria-hidden className="mr-1 text-faint" />
      {[...on, ...off.slice(0, room)].map(({ name, count }) => (
        <Chip key={name} isOn={tags.includes(name)} onClick={() => toggle(name)} count={count}>
          {name}
        </Chip>
      ))}
      {off.length > room && (
        <Menu
          label={t('tags')}
          items={off.slice(room).map(({ name, count }) => ({ label: `${name} (${count})`, onSelect: () => toggle(name) }))}
          trigger={
            <Button size="sm" variant="quiet">
              {t('moreTags', { count: off.length - room })}
            </Button>
          }
        />
      )}
    </div>
  )
}

type ChipProps = { readonly isOn: boolean; readonly count: number; readonly onClick: () => void; readonly children: ReactNode }

function Chip({ isOn, count, onClick, children }: ChipProps) {
  return (
    <button
      type="button"
      aria-pressed={isOn}
      onClick={onClick}
      className={classNames(
        'flex h-6 max-w-56 items-center gap-1 rounded-md border px-2 text-sm',
        isOn ? 'border-accent/40 bg-accent-soft font-medium text-accent' : 'bg-surface text-soft hover:bg-hover hover:text-ink',
      )}
    >
      <span className="truncate">{children}</span>
      <span className={classNames('text-xs tabular-nums', !isOn && 'text-faint')}>{useFormat().number(count)}</span>
    </button>
  )
}
