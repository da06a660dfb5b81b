import { useState } from 'react'
import { useMachines } from '../../api/live-things.ts'
import { panel } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { firstOf } from '../../navigation/query.ts'
import { useQueryState } from '../../navigation/use-navigation.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Segmented } from '../../ui/field.tsx'
import { changeDraft, readDraftNow, useDraft } from './draft.ts'
import { type Host, isUser, newSpecs } from '../../entities/host-standing.ts'
import { MachineChooser } from './machine-chooser.tsx'
import { messages } from './new-messages.ts'
import { PasteHosts } from './paste-hosts.tsx'
import { StepFooter } from './step-nav.tsx'
import { type ParsedList, useParsedMachines } from '../../entities/use-parsed-machines.ts'

/** Which machines: pasted, or known before. */
export function HostsStep({ onNext }: { readonly onNext: () => void }) {
  const t = useText(messages)
  const [query, change] = useQueryState()
  const draft = useDraft()
  const { values: machines } = useMachines()
  const parsed = useParsedMachines(draft.text)
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const from = firstOf(query['from']) === 'list' ? 'list' : 'paste'
  const counts = countHosts(parsed.hosts, draft.chosen)
  const isReady = counts.total > 0 && counts.wrong === 0 && !parsed.isReading && isUser(draft.user)
  const next = async () => {
    setBusy(true)
    setError(undefined)
    try {
      await settleMembers(parsed.hosts)
      onNext()
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <div className="mb-3">
        <Segmented
          label={t('from')}
          options={[
            { value: 'paste', label: t('paste') },
            { value: 'list', label: t('choose', { count: draft.chosen.length > 0 ? `(${draft.chosen.length})` : '' }) },
          ]}
          value={from}
          onChange={(value) => change({ from: value === 'paste' ? undefined : value })}
        />
      </div>
      {from === 'paste' ? (
        <PasteHosts parsed={parsed} />
      ) : (
        <MachineChooser machines={machines} chosen={draft.chosen} onChange={(chosen) => changeDraft({ chosen })} />
      )}
      {error !== undefined && (
        <div className="mt-3">
          <ErrorNote error={error} />
        </div>
      )}
      <StepFooter note={<Note counts={counts} lost={new Set(parsed.problems.map(({ line }) => line)).size} />}>
        <Button variant="primary" isBusy={isBusy} disabled={!isReady} onClick={() => void next()}>
          {t('next')}
        </Button>
      </StepFooter>
    </>
  )
}

type HostCounts = { readonly total: number; readonly fresh: number; readonly wrong: number }

function Note({ counts: { total, fresh, wrong }, lost }: { readonly counts: HostCounts; readonly lost: number }) {
  const t = useText(messages)
  return (
    <>
      <span className="font-medium text-ink">{t('total', { count: total })}</span>
      {fresh > 0 && <span> · {t('totalNew', { count: fresh })}</span>}
      {lost > 0 && <span className="text-warn"> · {t('lost', { count: lost })}</span>}
      {wrong > 0 && <span className="text-bad"> · {t('mend')}</span>}
    </>
  )
}

function countHosts(hosts: readonly Host[], chosen: readonly string[]): HostCounts {
  const known = hosts.flatMap(({ standing }) => (standing.kind === 'known' ? [standing.machine.id] : []))
  const fresh = hosts.filter(({ standing }) => standing.kind === 'new').length
  const wrong = hosts.filter(({ standing }) => standing.kind === 'taken' || standing.kind === 'elsewhere').length
  return { total: fresh + new Set([...known, ...chosen]).size, fresh, wrong }
}

/** Puts new ones on the list of machines, and takes off again what this draft had put there and does not name any more. */
async function settleMembers(hosts: ParsedList['hosts']): Promise<void> {
  const draft = readDraftNow()
  const specs = newSpecs(hosts, draft)
  const fresh = specs.length === 0 ? [] : await panel.call('machines.add', { machines: specs })
  const ids = new Map(fresh.map(({ id, name }) => [name, id]))
  const pasted = hosts.flatMap(({ spec, standing }) => (standing.kind === 'known' ? standing.machine.id : (ids.get(spec.name) ?? [])))
  const members = [...new Set([...pasted, ...draft.chosen])]
  const isMember = (id: string) => members.includes(id)
  const stray = draft.added.filter((id) => !isMember(id))
  if (stray.length > 0) await panel.call('machines.remove', { machines: stray }).catch(() => {}) // it was changed elsewhere: then it stays
  changeDraft({
    members,
    leftOut: draft.leftOut.filter(isMember),
    added: [...draft.added.filter(isMember), ...fresh.map(({ id }) => id)],
    checked: draft.checked.filter(isMember),
    head: draft.head !== null && isMember(draft.head) ? draft.head : null,
  })
}
