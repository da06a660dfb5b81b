import { readCluster } from '../../api/cluster-reads.ts'
import { rowsIn, textIn } from '../../api/rows.ts'

const most = 2_000
const levels = 20
/** Ids in one filter. */
const atOnce = 50

/** A task, everything that made it, and everything that it made. Bounded: of a huge family the nearest. */
export async function findLineage(cluster: string, task: string, signal?: AbortSignal): Promise<ReadonlySet<string>> {
  const family = new Set([task])
  const look = async (filter: string, column: 'task_id' | 'parent_task_id') => {
    const { body } = await readCluster(
      cluster,
      { route: 'pageTasks', query: { filter: [filter], limit: 1_000, columns: 'task_id,parent_task_id' } },
      signal,
    )
    return rowsIn(body, 'rows').flatMap((row) => textIn(row, column) ?? [])
  }
  for (let at = task, level = 0; level < levels; level += 1) {
    const [parent] = await look(`task_id:eq:${at}`, 'parent_task_id')
    if (parent === undefined || family.has(parent)) break
    family.add(parent)
    at = parent
  }
  let generation = [task]
  for (let level = 0; level < levels && generation.length > 0 && family.size < most; level += 1) {
    const next: string[] = []
    for (let start = 0; start < generation.length; start += atOnce) {
      const parents = generation.slice(start, start + atOnce)
      for (const child of await look(`parent_task_id:in:${parents.join(',')}`, 'task_id')) {
        if (family.has(child)) continue
        family.add(child)
        next.push(child)
      }
    }
    generation = next
  }
  return family
}
