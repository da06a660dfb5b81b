import type { ExtraNode } from '../contract/clusters.ts'
import type { MachineFacts } from '../contract/machines.ts'
import type { MachineTarget } from './operation-input.ts'

/** A session of a machine: the one of its own node, or one of the nodes beside it. */
export type NodeSession = { readonly name: string; readonly sessionFolder: string; readonly agentPort: number }

/** Beside the machine's own, so that all of them lie in the cluster's folder. */
export const extraSessionFolder = (sessionFolder: string, { name }: Pick<ExtraNode, 'name'>): string => `${sessionFolder}-${name}`

export const extraSessions = ({ sessionFolder, extraNodes = [] }: Pick<MachineTarget, 'sessionFolder' | 'extraNodes'>): NodeSession[] =>
  extraNodes.map(({ name, agentPort }) => ({ name, agentPort, sessionFolder: extraSessionFolder(sessionFolder, { name }) }))

/** All folders of a machine in the order in which they are ended: the head is the last that goes. */
export const foldersToEnd = (machine: Pick<MachineTarget, 'sessionFolder' | 'extraNodes'>): string[] => [
  ...extraSessions(machine)
    .map(({ sessionFolder }) => sessionFolder)
    .toReversed(),
  machine.sessionFolder,
]

const shareOfMemory = 0.7
const shareOfShm = 0.3
const largestStoreBytes = 512 * 1024 * 1024
const smallestStoreBytes = 80 * 1024 * 1024

/**
 * What each of several nodes on one machine hands out. They are processes of one machine, so its CPUs and memory are divided among them; each
 * has one CPU at least, which with more nodes than CPUs is more than there is: tasks then take turns, as the kernel has it.
 */
export function shareOf(facts: Pick<MachineFacts, 'cpus' | 'memoryBytes' | 'shm'>, nodes: number): NonNullable<MachineTarget['share']> {
  const { cpus, memoryBytes, shm } = facts
  const storeBytes = Math.min(largestStoreBytes, ((shm.exists ? shm.freeBytes : memoryBytes) * shareOfShm) / nodes)
  return {
    cpus: Math.max(1, Math.floor(cpus / nodes)),
    memoryBytes: Math.max(1, Math.floor((memoryBytes * shareOfMemory) / nodes)),
    storeBytes: Math.floor(Math.max(smallestStoreBytes, storeBytes)),
  }
}
