import { CircleCheck, Info, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Cluster } from '../../../src-main/contract/clusters.ts'
import type { Operation } from '../../../src-main/contract/operations.ts'
import { useClusters } from '../../api/live-things.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { buttonClass, type ButtonLook } from '../../ui/button.tsx'
import { classNames } from '../../ui/class-names.ts'
import { messages } from './messages.ts'
import { countMachines } from './operation-model.ts'

type Told = { readonly title: string; readonly text: string }

/** How it ended, and what to do next. */
export function EndedPanel({ operation }: { readonly operation: Operation }) {
  const t = useText(messages)
  const cluster = useClusters().values.find(({ id }) => id === operation.clusterId)
  const told = useTold(operation, cluster)
  const isGood = operation.state === 'done'
  const Icon = isGood ? CircleCheck : operation.state === 'interrupted' ? Info : TriangleAlert
  return (
    <section
      className={classNames(
        'flex flex-wrap items-start gap-x-3 gap-y-2 rounded-lg border px-4 py-3',
        isGood ? 'border-good-line bg-good-soft' : 'border-warn-line bg-warn-soft',
      )}
    >
      <Icon size={16} aria-hidden className={classNames('mt-0.5 shrink-0', isGood ? 'text-good' : 'text-warn')} />
      <div className="min-w-60 flex-1">
        <h2 className="font-semibold">{told.title}</h2>
        <p className="text-soft">{told.text}</p>
      </div>
      <div className="flex flex-wrap gap-2">
        {cluster !== undefined && cluster.members.length > 0 ? (
          <NextSteps cluster={cluster.name} isGood={isGood} />
        ) : (
          <NextLink to={paths.home()}>{t('toClusters')}</NextLink>
        )}
      </div>
    </section>
  )
}

function useTold({ kind, state, machines }: Operation, cluster: Cluster | undefined): Told {
  const t = useText(messages)
  if (state === 'interrupted') return { title: t('interrupted'), text: t('interruptedText') }
  const counts = countMachines(machines)
  const done = counts.done + counts.skipped
  if (state === 'cancelled') return { title: t('cancelledTitle'), text: t('cancelledText', { done, count: machines.length }) }
  if (state !== 'done') return { title: done > 0 ? t('partly', { done, count: machines.length }) : t('failedTitle'), text: t('partlyText') }
  const isUp = cluster !== undefined && cluster.members.length > 0
  const plain = { title: t('doneChange'), text: t('progress', { done, count: machines.length }) }
  switch (kind) {
    case 'create':
      return isUp ? { title: t('doneCreate', { cluster: cluster.name }), text: t('doneCreateText') } : plain
    case 'add':
      return isUp ? { title: t('doneAdd', { cluster: cluster.name }), text: t('doneCreateText') } : plain
    case 'down':
      return cluster === undefined ? plain : { title: t('doneDown', { cluster: cluster.name }), text: t('doneDownText') }
    case 'remove':
      return cluster === undefined ? plain : { title: t('doneRemove', { cluster: cluster.name }), text: t('doneRemoveText') }
    case 'drain':
    case 'restart':
    case 'upgrade':
    case 'clean':
      return plain
  }
}

function NextSteps({ cluster, isGood }: { readonly cluster: string; readonly isGood: boolean }) {
  const t = useText(messages)
  return (
    <>
      <NextLink to={paths.manage(cluster)}>{t('manage')}</NextLink>
      {isGood && <NextLink to={paths.submit(cluster)}>{t('submitJob')}</NextLink>}
      <NextLink to={paths.cluster(cluster)} {...(isGood && { variant: 'primary' as const })}>
        {t('openOverview')}
      </NextLink>
    </>
  )
}

function NextLink({
  to,
  variant = 'default',
  children,
}: { readonly to: string; readonly children: ReactNode } & Pick<ButtonLook, 'variant'>) {
  return (
    <PathLink to={to} className={buttonClass({ variant })}>
      {children}
    </PathLink>
  )
}
