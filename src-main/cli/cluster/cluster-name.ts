import { UsageError } from '../../../runtime/cli/command.ts'
import { ClusterName } from '../../contract/clusters.ts'

/** @throws UsageError */
export function parseClusterName(name: string): string {
  const parsed = ClusterName.safeParse(name)
  if (parsed.success) return parsed.data
  const what = name.length > longest ? `at most ${longest} letters` : 'small letters, digits and dashes between them'
  throw new UsageError(`a cluster's name is ${what}, got ${JSON.stringify(name.slice(0, 100))}`)
}

const longest = 48
