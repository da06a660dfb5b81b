import { CircleCheck, Info, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
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
  const told = useTold(operation, cluster?.name ?? '')
  const isGood = operation.state === 'done'
  const Icon = isGood ? CircleCheck : operation.state === 'interrupted' ? Info : TriangleAlert
  if (told === null) return null
  return (
    <section
      role="status"
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

function useTold({ kind, state, machines }: Operation, cluster: string): Told | null {
  const t = useText(messages)
  if (state === 'interrupted') return { title: t('interrupted'), text: t('interruptedText') }
  const counts = countMachines(machines)
  const done = counts.done + counts.skipped
  if (state !== 'done') return done > 0 ? { title: t('partly', { done, count: machines.length }), text: t('partlyText') } : null
  switch (kind) {
    case 'create':
      return { title: t('doneCreate', { cluster }), text: t('doneCreateText') }
    case 'add':
      return { title: t('doneAdd', { cluster }), text: t('doneCreateText') }
    case 'down':
      return { title: t('doneDown', { cluster }), text: t('doneDownText') }
    case 'remove':
      return { title: t('doneRemove', { cluster }), text: t('doneRemoveText') }
    case 'drain':
    case 'restart':
    case 'upgrade':
    case 'clean':
      return { title: t('doneChange'), text: t('progress', { done, count: machines.length }) }
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
