import { Terminal } from 'lucide-react'
import { useCluster } from '../api/live-things.ts'
import { useText } from '../i18n/messages.ts'
import { PathLink } from '../navigation/link.tsx'
import { paths } from '../navigation/paths.ts'
import { Button, buttonClass } from '../ui/button.tsx'
import { messages } from './messages.ts'

/** Why no terminal can be opened on the nodes of a cluster; undefined where one can. */
export function useWhyNoTerminal(clusterRef: string): string | undefined {
  const t = useText(messages)
  const { cluster } = useCluster(clusterRef)
  return cluster?.rayHead !== undefined && cluster.members.length === 0 ? t('noTerminal') : undefined
}

/** Opens a terminal on a node; where that cannot be it says why. */
export function TerminalButton({ clusterRef, nodeId }: { readonly clusterRef: string; readonly nodeId: string }) {
  const t = useText(messages)
  const why = useWhyNoTerminal(clusterRef)
  if (why !== undefined)
    return (
      <span title={why} className="inline-flex">
        <Button icon={Terminal} disabled aria-description={why}>
          {t('terminal')}
        </Button>
      </span>
    )
  return (
    <PathLink to={paths.terminals({ cluster: clusterRef, node: nodeId })} className={buttonClass()}>
      <Terminal size={14} aria-hidden />
      {t('terminal')}
    </PathLink>
  )
}
