import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Cluster } from '../../../src-main/contract/clusters.ts'
import { useMachines } from '../../api/live-things.ts'
import { panel, panelQuery } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { useGo } from '../../navigation/use-navigation.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { MachineChooser } from './machine-chooser.tsx'
import { messages } from './manage-messages.ts'
import { PlanView } from './plan-view.tsx'

type AddDialogProps = { readonly cluster: Cluster; readonly onClose: () => void }

/** More machines for a cluster that runs: chosen, checked, shown, added. */
export function AddDialog({ cluster, onClose }: AddDialogProps) {
  const t = useText(messages)
  const machines = useMachines().values
  const [chosen, setChosen] = useState<readonly string[]>([])
  const [isPlanning, setPlanning] = useState(false)
  if (isPlanning) return <PlannedAdd cluster={cluster} machineIds={[...chosen]} onClose={onClose} onBack={() => setPlanning(false)} />
  return (
    <Dialog
      title={t('addTitle', { cluster: cluster.name })}
      description={t('addText')}
      isOpen
      onClose={onClose}
      footer={
        <>
          <span className="mr-auto self-center text-soft">{t('selected', { count: chosen.length })}</span>
          <Button variant="primary" disabled={chosen.length === 0} onClick={() => setPlanning(true)}>
            {t('planIt')}
          </Button>
        </>
      }
    >
      <MachineChooser machines={machines} chosen={chosen} onChange={setChosen} />
      <p className="mt-2 text-soft">
        {t('addNew')} <PathLink to={paths.machines()}>{t('toMachines')}</PathLink>
      </p>
    </Dialog>
  )
}

type PlannedAddProps = AddDialogProps & { readonly machineIds: string[]; readonly onBack: () => void }

function PlannedAdd({ cluster, machineIds, onClose, onBack }: PlannedAddProps) {
  const t = useText(messages)
  const go = useGo()
  const [isBusy, setBusy] = useState(false)
  const [failure, setFailure] = useState<unknown>()
  const members = { cluster: cluster.id, machines: machineIds }
  const { data, error, refetch } = useQuery({ ...panelQuery('clusters.planAdd', members), staleTime: 0, gcTime: 0 })
  const add = async () => {
    setBusy(true)
    try {
      const { operationId } = await panel.call('clusters.add', members)
      go(paths.operation(operationId))
    } catch (thrown) {
      setFailure(thrown)
      setBusy(false)
    }
  }
  return (
    <Dialog
      title={t('addTitle', { cluster: cluster.name })}
      isOpen
      onClose={onClose}
      footer={
        <>
          <Button disabled={isBusy} onClick={onBack}>
            {t('backToChoice')}
          </Button>
          <Button
            variant="primary"
            isBusy={isBusy}
            disabled={data === undefined || data.plan.blockers.length > 0}
            onClick={() => void add()}
          >
            {t('doAdd')}
          </Button>
        </>
      }
    >
      {error !== null ? (
        <ErrorNote error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <div role="status" className="text-soft">
          {t('planning')}
          <SkeletonRows rows={5} />
        </div>
      ) : (
        <PlanView plan={data.plan} />
      )}
      {failure !== undefined && <ErrorNote error={failure} />}
    </Dialog>
  )
}
