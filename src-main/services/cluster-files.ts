import { ClusterError } from '../../runtime/base/errors.ts'
import { type Cluster, ClusterSpec } from '../contract/clusters.ts'
import type { MachineSpec } from '../contract/machines.ts'
import type { GivenInput, Output } from '../contract/panel.ts'
import { type ClusterFile, parseClusterFile } from '../machines/cluster-file.ts'
import { type ClusterFileDiff, diffClusterFile } from '../machines/diff-cluster-file.ts'
import type { Clusters } from './clusters.ts'
import type { Machines } from './machines.ts'
import type { Operations } from './operations.ts'

type Parts = { readonly machines: Machines; readonly clusters: Clusters; readonly operations: Operations }

/** What applying begins; each resolves when it has begun, with the id of its operation. */
type Doing = {
  readonly create: (spec: ClusterSpec) => Promise<{ clusterId: string; operationId: string }>
  readonly add: (cluster: Cluster, machineIds: readonly string[]) => Promise<string>
  readonly remove: (cluster: Cluster, machineIds: readonly string[]) => Promise<string>
}

type Applied = GivenInput<'clusters.apply'>

/** What a cluster.yaml would change, before anything is. @throws ClusterError `bad-argument` naming each line that is wrong */
export function planClusterFile({ machines, clusters }: Parts, applied: Applied): Output<'clusters.planApply'> {
  const { file, notes } = readFile(applied)
  const cluster = clusters.find(file.name)
  const diff = cluster && diffClusterFile(file, { cluster, machines: machines.list() })
  const { name, head, workers, service } = file
  return {
    name,
    exists: cluster !== undefined,
    machinesToAdd: newMachines(file, machines),
    spec: { engine: file.engine, head, workers: [...workers], service },
    add: diff ? diff.add.map((each) => each.name) : [head, ...workers],
    remove: diff?.remove.map((each) => each.name) ?? [],
    notes: [...notes, ...(diff?.change ?? []).map(changeNote)].slice(0, 256),
  }
}

/** Brings machines and cluster to what the file says. A removal begins when what is added is there. */
export async function applyClusterFile(
  parts: Parts,
  applied: Applied,
  doing: Doing,
): Promise<{ clusterId: string; operationIds: string[] }> {
  const { machines, clusters, operations } = parts
  const { file } = readFile(applied)
  const cluster = clusters.find(file.name)
  const diff = cluster && diffClusterFile(file, { cluster, machines: machines.list() })
  if (diff) refuseUnchangeable(diff)
  const fresh = newMachines(file, machines)
  if (fresh.length > 0) await machines.add(fresh)
  await updateMachines(file, machines)
  const idOf = (name: string) => machines.get(name).id
  if (!cluster || !diff) {
    const { name, engine, ray, ports, service, head, workers } = file
    const { clusterId, operationId } = await doing.create(
      ClusterSpec.parse({ name, engine, ray, ports, service, head: idOf(head), workers: workers.map(idOf) }),
    )
    return { clusterId, operationIds: [operationId] }
  }
  const operationIds: string[] = []
  if (diff.add.length > 0)
    operationIds.push(
      await doing.add(
        cluster,
        diff.add.map(({ name }) => idOf(name)),
      ),
    )
  if (diff.remove.length > 0) {
    await operations.settled(cluster.id)
    operationIds.push(
      await doing.remove(
        clusters.get(cluster.id),
        diff.remove.map(({ machineId }) => machineId),
      ),
    )
  }
  return { clusterId: cluster.id, operationIds }
}

function readFile({ yaml, engine }: Applied): { file: ClusterFile; notes: string[] } {
  const { file, problems, notes } = parseClusterFile(yaml)
  if (file)
    return {
      file: engine === undefined || engine === file.engine ? file : { ...file, engine, ray: undefined },
      notes: notes.map(({ line, message }) => `line ${line}: ${message}`),
    }
  const said = problems.slice(0, 20).map(({ line, message }) => `line ${line}: ${message}`)
  throw new ClusterError(
    'bad-argument',
    `this cluster file cannot be used. ${said.join('; ')}${problems.length > said.length ? `; and ${problems.length - said.length} more` : ''}`,
  )
}

const newMachines = (file: ClusterFile, machines: Machines): MachineSpec[] => file.machines.filter(({ name }) => !machines.find(name))

/** Where a machine is, and how it is reached, may change under a running cluster; the rest of it is set when it joins. */
async function updateMachines(file: ClusterFile, machines: Machines): Promise<void> {
  for (const spec of file.machines) {
    const known = machines.find(spec.name)
    if (known) await machines.update(known.id, spec, [])
  }
}

function refuseUnchangeable({ change }: ClusterFileDiff): void {
  const fixed = change.filter(({ subject, field }) => subject === 'cluster' || field === 'role')
  if (fixed.length === 0) return
  throw new ClusterError(
    'not-supported',
    `this cannot be changed while the cluster runs: ${fixed.map(({ subject, field, from, to }) => `${field} of ${subject} from ${from} to ${to}`).join(', ')}. Take it down and create it anew, or put the file back to what it was.`,
  )
}

const changeNote = ({ subject, field, from, to }: ClusterFileDiff['change'][number]): string =>
  `${field} of ${subject}: ${from === '' ? 'nothing' : from} becomes ${to === '' ? 'nothing' : to}`
