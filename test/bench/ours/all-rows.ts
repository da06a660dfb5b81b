import { actorRows } from './actor-rows.ts'
import { historyRows } from './history-rows.ts'
import { objectRows } from './object-rows.ts'
import { registrationRows } from './registration-rows.ts'
import type { OurRows } from './row-types.ts'
import { taskRows } from './task-rows.ts'
import { twoNodeRows } from './two-node-rows.ts'
import { workerRows } from './worker-rows.ts'

/** Measured by the program that has a cluster of its own. */
export const rowsInCluster: OurRows = { ...objectRows, ...taskRows, ...actorRows }

/** These bring their own processes. */
export const rowsAlone: OurRows = { ...twoNodeRows, ...workerRows, ...registrationRows, ...historyRows }
