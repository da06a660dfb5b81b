import { useMemo } from 'react'
import type { Cluster } from '../../src-main/contract/clusters.ts'
import type { Upload } from '../../src-main/contract/jobs.ts'
import type { Machine } from '../../src-main/contract/machines.ts'
import type { Operation } from '../../src-main/contract/operations.ts'
import type { Question } from '../../src-main/contract/questions.ts'
import { LiveTopic, type LiveMap, useLive } from './live-map.ts'

const machines = new LiveTopic<Machine>('machines')
const clusters = new LiveTopic<Cluster>('clusters')
const operations = new LiveTopic<Operation>('operations')
const questions = new LiveTopic<Question>('questions')

export const useMachines = (): LiveMap<Machine> => useLive(machines)
export const useClusters = (): LiveMap<Cluster> => useLive(clusters)
/** Without the commands and logs of their steps: `operations.get` has those. */
export const useOperations = (): LiveMap<Operation> => useLive(operations)
export const useQuestions = (): LiveMap<Question> => useLive(questions)

/** By its id or name, as it stands in an address. */
export function useCluster(ref: string): { readonly cluster: Cluster | undefined; readonly isKnown: boolean } {
  const { values, isKnown } = useClusters()
  const cluster = useMemo(() => values.find(({ id, name }) => id === ref || name === ref), [values, ref])
  return { cluster, isKnown }
}

const uploads = new LiveTopic<Upload>('uploads')
/** Folders that are on their way to a cluster. */
export const useUploads = (): LiveMap<Upload> => useLive(uploads)
