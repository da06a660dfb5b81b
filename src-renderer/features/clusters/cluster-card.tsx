import type { Cluster } from '../../../src-main/contract/clusters.ts'
import type { Operation } from '../../../src-main/contract/operations.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button, buttonClass } from '../../ui/button.tsx'
import { CardFigures } from './card-figures.tsx'
import { type ClusterLife, lifeOf } from './cluster-life.ts'
import { ClusterMenu, connectCluster } from './cluster-menu.tsx'
import { LinkBadge } from './link-badge.tsx'
import { messages } from './messages.ts'

type ClusterCardProps = { readonly cluster: Cluster; readonly operations: readonly Operation[] }

/** One cluster at a glance. */
export function ClusterCard({ cluster, operations }: ClusterCardProps) {
  const t = useText(messages)
  const life = lifeOf(cluster, operations)
  const operation = operations.find(({ clusterId }) => clusterId === cluster.id)
  return (
    <article aria-label={cluster.name} className="flex min-w-0 flex-col gap-3 rounded-lg border bg-surface p-4">
      <header className="flex items-center gap-2">
        <h2 className="min-w-0 truncate text-lg font-semibold">
          <PathLink to={paths.cluster(cluster.name)} className="text-ink underline-offset-2 hover:underline">
            {cluster.name}
          </PathLink>
        </h2>
        <span className="rounded-[4px] border px-1 text-xs text-faint">{cluster.engine}</span>
        <span className="ml-auto flex items-center gap-1">
          <LifeBadge cluster={cluster} life={life} />
          <ClusterMenu cluster={cluster} />
        </span>
      </header>
      <div className="flex-1">
        {life === 'up' || life === 'down' ? (
          <CardFigures cluster={cluster} isDown={life === 'down'} />
        ) : (
          <p className="text-soft">
            {t('machines', { count: cluster.members.length })}. {life === 'unfinished' && t('unfinishedText')}
          </p>
        )}
      </div>
      <CardActions cluster={cluster} life={life} operation={operation} />
    </article>
  )
}

function LifeBadge({ cluster, life }: { readonly cluster: Cluster; readonly life: ClusterLife }) {
  const t = useText(messages)
  switch (life) {
    case 'up':
      return <LinkBadge link={cluster.link} />
    case 'building':
      return <Badge tone="info">{t('building')}</Badge>
    case 'unfinished':
      return <Badge tone="warn">{t('unfinished')}</Badge>
    case 'down':
      return <Badge tone="idle">{t('down')}</Badge>
  }
}

type CardActionsProps = { readonly cluster: Cluster; readonly life: ClusterLife; readonly operation: Operation | undefined }

function CardActions({ cluster: { id, name, link }, life, operation }: CardActionsProps) {
  const t = useText(messages)
  const isOff = life === 'up' && (link.state === 'off' || link.state === 'record')
  return (
    <footer className="flex flex-wrap gap-2 border-t pt-3">
      {operation?.state === 'running' && (
        <PathLink to={paths.operation(operation.id)} className={buttonClass({ size: 'sm' })}>
          {t('seeOperation')}
        </PathLink>
      )}
      <PathLink to={paths.cluster(name)} className={buttonClass({ size: 'sm' })}>
        {t('open')}
      </PathLink>
      {life === 'up' && !isOff && (
        <PathLink to={paths.submit(name)} className={buttonClass({ size: 'sm' })}>
          {t('submitJob')}
        </PathLink>
      )}
      {life !== 'down' && (
        <PathLink to={paths.manage(name)} className={buttonClass({ size: 'sm' })}>
          {t('manage')}
        </PathLink>
      )}
      {isOff && (
        <Button size="sm" onClick={() => void connectCluster(id)}>
          {t('connect')}
        </Button>
      )}
    </footer>
  )
}
