import { CircleX } from 'lucide-react'
import type { Plan } from '../../../src-main/contract/clusters.ts'
import { useText } from '../../i18n/messages.ts'
import { CodeBlock } from '../../ui/code-block.tsx'
import { FindingList } from '../../entities/finding-list.tsx'
import { blockedOf, type PlanGroup, planGroups } from './plan-groups.ts'
import { messages } from './plan-messages.ts'

const namesShown = 8

/** What would be done, machine by machine, and what keeps some of it from being done. */
export function PlanView({ plan, isFolded = false }: { readonly plan: Plan; readonly isFolded?: boolean }) {
  const t = useText(messages)
  return (
    <div className="flex flex-col gap-4">
      <Blockers plan={plan} />
      {plan.notes.length > 0 && (
        <ul className="flex list-disc flex-col gap-1 pl-5">
          {plan.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      {isFolded ? (
        <details>
          <summary className="w-fit text-soft hover:text-ink">{t('plan')}</summary>
          <div className="mt-2">
            <Groups plan={plan} />
          </div>
        </details>
      ) : (
        <Groups plan={plan} />
      )}
    </div>
  )
}

function Groups({ plan }: { readonly plan: Plan }) {
  const t = useText(messages)
  const groups = planGroups(plan)
  return (
    <section aria-label={t('plan')} className="divide-y rounded-lg border bg-surface">
      {groups.length === 0 && <p className="px-4 py-3 text-soft">{t('nothing')}</p>}
      {groups.map((group) => (
        <GroupView key={`${group.role} ${group.machines[0]?.machineId ?? ''}`} group={group} />
      ))}
    </section>
  )
}

function GroupView({ group: { role, machines } }: { readonly group: PlanGroup }) {
  const t = useText(messages)
  const [first] = machines
  if (first === undefined) return null
  const names = machines.slice(0, namesShown).map(({ name }) => name)
  const isAlike = machines.every(({ steps }) => steps.every(({ effect }, index) => effect === first.steps[index]?.effect))
  return (
    <div className="flex flex-col gap-2 px-4 py-3">
      <h3>
        <span className="font-semibold">{role === 'head' ? t('head') : t(role, { count: machines.length })}</span>{' '}
        <span className="text-soft" title={machines.map(({ name }) => name).join(', ')}>
          {names.join(', ')} {machines.length > namesShown && t('more', { count: machines.length - namesShown })}
        </span>
      </h3>
      <ol className="flex flex-col gap-0.5">
        {first.steps.map(({ id, title, effect }, index) => (
          <li key={id} className="grid grid-cols-[20px_minmax(120px,220px)_1fr] gap-x-2">
            <span aria-hidden className="text-faint tabular-nums">
              {index + 1}
            </span>
            <span className="font-medium">{title}</span>
            <span className="min-w-0 break-words text-soft">{effect}</span>
          </li>
        ))}
      </ol>
      {!isAlike && <p className="text-sm text-faint">{t('toldOf', { name: first.name })}</p>}
      <Commands machine={first} />
    </div>
  )
}

function Commands({ machine: { name, steps } }: { readonly machine: PlanGroup['machines'][number] }) {
  const t = useText(messages)
  const withCommands = steps.filter(({ command }) => command !== null)
  if (withCommands.length === 0) return null
  return (
    <details>
      <summary className="w-fit text-sm text-soft hover:text-ink">{t('commands', { name })}</summary>
      <div className="mt-2 flex flex-col gap-2">
        {withCommands.map(({ id, title, command }) => (
          <div key={id}>
            <p className="text-sm font-medium">{title}</p>
            <CodeBlock text={command ?? ''} label={t('commandOf', { step: title })} />
          </div>
        ))}
      </div>
    </details>
  )
}

function Blockers({ plan }: { readonly plan: Plan }) {
  const t = useText(messages)
  const { whole, machines: blocked } = blockedOf(plan)
  if (whole.length + blocked.length === 0) return null
  return (
    <section className="rounded-lg border border-bad-line bg-bad-soft px-4 py-3">
      <h3 className="flex items-center gap-2 font-semibold text-bad">
        <CircleX size={16} aria-hidden />
        {t('inTheWay')}
      </h3>
      <dl className="mt-2 flex flex-col gap-2">
        {whole.length > 0 && (
          <div>
            <dt className="font-medium">{t('ofAll')}</dt>
            <dd>
              <FindingList findings={whole} />
            </dd>
          </div>
        )}
        {blocked.map(({ machineId, name, findings }) => (
          <div key={machineId}>
            <dt className="font-medium">{name}</dt>
            <dd>
              <FindingList findings={findings} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
