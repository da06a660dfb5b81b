import { clusterRows } from './cluster.ts'
import { controlRows } from './control.ts'
import { eventRows } from './events.ts'
import { jobRows } from './jobs.ts'
import { logRows } from './logs.ts'
import { metricRows } from './metrics.ts'
import type { RouteRow } from './route-row.ts'
import { stateRows } from './state.ts'
import { whyRows } from './why.ts'

/** Every route that the head mounts. A noun adds its rows with one line here. */
export const allRoutes: readonly RouteRow[] = [
  ...clusterRows,
  ...logRows,
  ...jobRows,
  ...metricRows,
  ...eventRows,
  ...controlRows,
  ...whyRows,
  ...stateRows,
]
