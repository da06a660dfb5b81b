import type { Machine } from '../../../src-main/contract/machines.ts'
import { useClusters } from '../../api/live-things.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { Time } from '../../ui/time.tsx'
import { messages } from './detail-messages.ts'
import { DetailSection, Lines } from './detail-section.tsx'

/** What it is a part of, and what somebody wrote of it. */
export function DetailLabels({ machine }: { readonly machine: Machine }) {
  const t = useText(messages)
  const { groups, tags, notes, addedAtMs } = machine
  return (
    <DetailSection title={t('belongs')}>
      <Lines
        items={[
          { label: t('cluster'), value: <Membership machine={machine} /> },
          { label: t('groups'), value: groups.length === 0 ? t('none') : groups.join(', ') },
          { label: t('tags'), value: tags.length === 0 ? t('none') : tags.join(', ') },
          { label: t('notes'), value: notes === '' ? null : <span className="whitespace-pre-wrap">{notes}</span> },
          { label: t('added'), value: <Time atMs={addedAtMs} /> },
        ]}
      />
    </DetailSection>
  )
}

function Membership({ machine: { id, clusterId } }: { readonly machine: Machine }) {
  const t = useText(messages)
  const clusters = useClusters().values
  if (clusterId === null)
    return (
      <>
        {t('noCluster')} · <PathLink to={paths.newCluster({ from: 'list' })}>{t('newCluster')}</PathLink>
      </>
    )
  const cluster = clusters.find((each) => each.id === clusterId)
  const member = cluster?.members.find(({ machineId }) => machineId === id)
  const name = cluster?.name ?? clusterId
  return (
    <>
      <PathLink to={paths.cluster(name)}>{name}</PathLink>
      {member && (
        <span className="text-soft">
          {' '}
          · {t(member.role)}, {t(member.state)}
        </span>
      )}
      {' · '}
      <PathLink to={paths.manage(name)}>{t('manage')}</PathLink>
    </>
  )
}
