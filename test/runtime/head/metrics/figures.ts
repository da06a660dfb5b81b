import type { NodeMetrics } from '#runtime/protocol/metrics.ts'

/** What a node might send. */
export const figuresOf = (nodeId: string, more: Partial<NodeMetrics> = {}): NodeMetrics => ({
  type: 'node.metrics',
  nodeId,
  atMs: 0,
  spanMs: 2_000,
  bootedAtMs: 0,
  cpu: { percent: 25, perCore: [25, 25], logical: 2, physical: 1, load: [1, 2, 3] },
  memory: {
    ...{ totalBytes: 1e10, availableBytes: 6e9, usedBytes: 4e9, sharedBytes: 1e6, swapTotalBytes: 0, swapUsedBytes: 0 },
    group: null,
    shm: { totalBytes: 5e9, usedBytes: 1e6 },
  },
  disks: [{ mount: '/', totalBytes: 1e11, usedBytes: 4e10, freeBytes: 6e10, isOurs: true }],
  diskTraffic: { readBytes: 1, writeBytes: 2, reads: 3, writes: 4, readBytesPerS: 5, writeBytesPerS: 6, readsPerS: 7, writesPerS: 8 },
  diskDevices: [],
  network: { sentBytes: 1, receivedBytes: 2, sentBytesPerS: 3, receivedBytesPerS: 4 },
  networkDevices: [],
  store: {
    ...{ capacityBytes: 1e9, usedBytes: 1e8, pinnedBytes: 0, primaryBytes: 0, spilledBytes: 0, objects: 7, waiting: 0 },
    ...{ spilledTotalBytes: 0, restoredTotalBytes: 0, evictedTotalBytes: 0 },
  },
  gpus: [],
  processes: [aProcess({ role: 'agent', pid: 10 })],
  processesLeftOut: 0,
  outOfMemoryEnds: 0,
  ...more,
})

export const aProcess = (more: Partial<NodeMetrics['processes'][number]> = {}): NodeMetrics['processes'][number] => ({
  ...{ role: 'worker', pid: 11, workerId: null, jobId: null, command: 'node worker.mjs', startedAtMs: 1_000 },
  ...{ cpuPercent: 50, userSeconds: 1, systemSeconds: 1, childUserSeconds: 0, childSystemSeconds: 0 },
  ...{ rssBytes: 1e8, virtualBytes: 1e9, sharedBytes: 1e7, minorFaults: 1, majorFaults: 0, files: 20 },
  ...more,
})
