import { Outlet } from '@tanstack/react-router'
import { SearchX } from 'lucide-react'
import { useCluster } from '../api/live-things.ts'
import { NodeNames } from '../entities/node-names.tsx'
import { useText } from '../i18n/messages.ts'
import { PathLink } from '../navigation/link.tsx'
import { paths } from '../navigation/paths.ts'
import { usePathPart } from '../navigation/use-navigation.ts'
import { buttonClass } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { SkeletonRows } from '../ui/skeleton.tsx'
import { ClusterBanner } from './cluster-banner.tsx'
import { messages } from './messages.ts'
import { useAnswersOfTheHead } from './use-answers-of-the-head.ts'

/** Around the pages of one cluster. */
export function ClusterLayout() {
  const t = useText(messages)
  const ref = usePathPart('cluster')
  const { cluster, isKnown } = useCluster(ref)
  useAnswersOfTheHead(cluster)
  if (cluster === undefined) {
    if (!isKnown)
      return (
        <div className="px-6 pt-12">
          <SkeletonRows rows={10} />
        </div>
      )
    return (
      <EmptyState
        icon={SearchX}
        title={t('noClusterTitle', { name: ref })}
        action={
          <PathLink to={paths.home()} className={buttonClass({ variant: 'primary' })}>
            {t('goHome')}
          </PathLink>
        }
      >
        {t('noCluster')}
      </EmptyState>
    )
  }
  return (
    <NodeNames cluster={cluster.id}>
      <ClusterBanner cluster={cluster} />
      <Outlet />
    </NodeNames>
  )
}
