import { nounOf } from '../noun.ts'
import { applyCluster, exportCluster } from './apply.ts'
import { addToCluster, drainMachines, removeFromCluster, restartMachines, upgradeMachines } from './change-members.ts'
import { connectRay } from './connect-ray.ts'
import { createCluster } from './create.ts'
import { downCluster, forgetCluster, takeOverCluster } from './down.ts'
import { jobOnCluster } from './job.ts'
import { cancelOperation, followOneOperation, listOperations, retryOperation } from './operations.ts'
import { listClusters, showCluster } from './show.ts'
import { statusOfCluster } from './status.ts'

/** `shoal cluster …` */
export const cluster = nounOf({
  name: 'cluster',
  summary: 'Makes clusters out of machines, and keeps them.',
  subcommands: [
    createCluster,
    connectRay,
    listClusters,
    showCluster,
    statusOfCluster,
    jobOnCluster,
    addToCluster,
    drainMachines,
    removeFromCluster,
    restartMachines,
    upgradeMachines,
    downCluster,
    forgetCluster,
    listOperations,
    followOneOperation,
    retryOperation,
    cancelOperation,
    exportCluster,
    applyCluster,
    takeOverCluster,
  ],
})
