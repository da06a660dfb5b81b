import { Check } from 'lucide-react'
import type { Machine } from '../../../src-main/contract/machines.ts'
import { panel } from '../../api/panel.ts'
import { FindingList } from '../../entities/finding-list.tsx'
import { tellError } from '../../entities/tell-error.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { CopyButton } from '../../ui/copy-id.tsx'
import { Time } from '../../ui/time.tsx'
import { checkMachines, useIsChecking } from './checking.ts'
import { messages } from './detail-messages.ts'
import { DetailSection } from './detail-section.tsx'

/** How we last stood with it, what a check found wrong and what to do; what is well is folded away. */
export function DetailFindings({ machine }: { readonly machine: Machine }) {
  const t = useText(messages)
  const { findings, facts } = machine
  const wrong = findings.filter(({ level }) => level !== 'ok')
  const well = findings.filter(({ level }) => level === 'ok')
  return (
    <DetailSection
      title={t('findings')}
      actions={
        facts !== null && (
          <span className="text-sm text-faint">
            {t('checked')} <Time atMs={facts.probedAtMs} />
          </span>
        )
      }
    >
      <div className="flex flex-col gap-2">
        <Unreached machine={machine} />
        {findings.length === 0 && machine.reach.state !== 'unreachable' && <NeverChecked machine={machine} />}
        {wrong.length > 0 && (
          <FindingList
            findings={wrong}
            onFolder={(folder) => void putElsewhere(machine, folder).then(() => checkMachines([machine]), tellError)}
          />
        )}
        {findings.length > 0 && wrong.length === 0 && (
          <p className="flex items-center gap-2">
            <Check size={14} aria-hidden className="text-good" />
            {t('allWell')}
          </p>
        )}
        {well.length > 0 && (
          <details key={machine.id}>
            <summary className="w-fit cursor-pointer rounded-md py-1 text-sm text-soft hover:text-ink">
              {t('well', { count: well.length })}
            </summary>
            <div className="mt-1 text-sm">
              <FindingList findings={well} />
            </div>
          </details>
        )}
      </div>
    </DetailSection>
  )
}

const putElsewhere = (machine: Machine, folder: string) => panel.call('machines.update', { machine: machine.id, changes: { folder } })

function NeverChecked({ machine }: { readonly machine: Machine }) {
  const t = useText(messages)
  const isChecking = useIsChecking(machine)
  return <p className="text-soft">{isChecking ? t('beingChecked') : t('neverChecked')}</p>
}

/** Said where no finding says it: a connection that broke since the last check. */
function Unreached({ machine }: { readonly machine: Machine }) {
  const t = useText(messages)
  const { reach, findings } = machine
  if (reach.state !== 'unreachable') return null
  const message = reach.message ?? ''
  const isChangedKey = reach.code === 'ssh.host-key-changed'
  const isTold = findings.some(({ detail }) => detail !== '' && message.startsWith(detail))
  return (
    <div className="rounded-md border border-bad-line bg-bad-soft px-3 py-2">
      <p className="font-medium text-bad">
        {t('unreachedSince')} <Time atMs={reach.sinceMs} />
      </p>
      {!isTold && message !== '' && (
        <div className="flex items-start gap-1">
          <p className="min-w-0 flex-1 break-words">{message}</p>
          <CopyButton text={message} label={t('copyMessage')} />
        </div>
      )}
      {machine.facts !== null && <p className="text-sm text-soft">{t('factsAreOld')}</p>}
      {isChangedKey && (
        <Button size="sm" className="mt-1" onClick={() => checkMachines([machine])}>
          {t('compareKeys')}
        </Button>
      )}
    </div>
  )
}
