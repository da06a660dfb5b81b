import { Ban, MoreVertical, RotateCw, SquareTerminal, Trash2, Upload } from 'lucide-react'
import type { Member } from '../../../src-main/contract/clusters.ts'
import { NodeLink } from '../../entities/links.tsx'
import { useText } from '../../i18n/messages.ts'
import { paths } from '../../navigation/paths.ts'
import { useGo } from '../../navigation/use-navigation.ts'
import { Badge, type Tone } from '../../ui/badge.tsx'
import { IconButton } from '../../ui/button.tsx'
import { Checkbox } from '../../ui/field.tsx'
import { Menu, type MenuItem } from '../../ui/menu.tsx'
import { messages } from './manage-messages.ts'
import { type MemberChange, whyNotChange } from './change-rules.ts'
import type { MemberEntry } from './member-table.tsx'

export const memberGrid =
  'grid grid-cols-[16px_minmax(140px,1.5fr)_64px_96px_minmax(110px,1fr)_96px_minmax(130px,1fr)_24px] items-center gap-x-3 px-3'

const stateTones: Readonly<Record<Member['state'], Tone>> = { planned: 'info', started: 'good', draining: 'warn', stopped: 'idle' }

type MemberRowProps = {
  /** As in the address. */
  readonly cluster: string
  readonly entry: MemberEntry
  readonly isChosen: boolean
  readonly onChosen: (isChosen: boolean) => void
  readonly onAsk: (change: MemberChange) => void
}

export function MemberRow({ cluster, entry: { member, machine, name }, isChosen, onChosen, onAsk }: MemberRowProps) {
  const t = useText(messages)
  const { role, state, nodeId, payload, address, extraNodes = [] } = member
  const isAway = machine?.reach.state === 'unreachable'
  return (
    <div className={`${memberGrid} min-h-9 border-b py-1 hover:bg-hover [li:last-child>&]:border-b-0`}>
      <Checkbox label={t('select', { name })} isLabelHidden isChecked={isChosen} onChange={onChosen} />
      <span className="min-w-0">
        <span className="block truncate font-medium">{name}</span>
        {isAway && (
          <span className="block truncate text-xs text-bad" title={machine.reach.message ?? undefined}>
            {t('unreachable')}
          </span>
        )}
        {extraNodes.length > 0 && (
          <span className="block truncate text-xs text-faint">{t('extraNodes', { count: extraNodes.length })}</span>
        )}
      </span>
      <span>{t(role)}</span>
      <span className="flex min-w-0">
        <Badge tone={stateTones[state]}>{t(state)}</Badge>
      </span>
      <NodeLink cluster={cluster} id={nodeId} />
      <code className="truncate font-mono text-faint" title={payload ?? undefined}>
        {payload?.slice(0, 10) ?? '–'}
      </code>
      <code className="truncate font-mono" title={address ?? undefined}>
        {address ?? '–'}
      </code>
      <RowMenu name={name} member={member} onAsk={onAsk} />
    </div>
  )
}

type RowMenuProps = { readonly name: string; readonly member: Member; readonly onAsk: (change: MemberChange) => void }

function RowMenu({ name, member, onAsk }: RowMenuProps) {
  const t = useText(messages)
  const go = useGo()
  const item = (change: 'drain' | 'restart' | 'upgrade' | 'remove', more: Partial<Extract<MenuItem, { label: string }>>): MenuItem => {
    const why = whyNotChange(change, [member])
    return { label: t(change), onSelect: () => onAsk(change), isDisabled: why !== undefined, ...(why && { why: t(why) }), ...more }
  }
  return (
    <Menu
      label={t('actions', { name })}
      trigger={<IconButton size="sm" label={t('actions', { name })} icon={MoreVertical} />}
      items={[
        { label: t('terminal'), icon: SquareTerminal, onSelect: () => go(paths.terminals({ machine: member.machineId })) },
        'separator',
        item('drain', { icon: Ban }),
        item('restart', { icon: RotateCw }),
        item('upgrade', { icon: Upload }),
        'separator',
        item('remove', { icon: Trash2, isDanger: true }),
      ]}
    />
  )
}
