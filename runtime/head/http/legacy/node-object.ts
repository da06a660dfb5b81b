import type { GpuMetrics, NodeMetrics, ProcessMetrics } from '../../../protocol/metrics.ts'
import type { HeadNode } from '../../core/state.ts'
import { nodeIpOf, portOf } from '../../node-ip.ts'

/** What Ray's reporter says of a machine; nothing while the node has sent no figures yet. (Ray: dashboard/modules/reporter/reporter_models.py) */
function machineObject(node: HeadNode, figures: NodeMetrics | undefined): Record<string, unknown> {
  const { facts } = node
  const heading = { hostname: facts.hostname, ip: nodeIpOf(facts) }
  if (figures === undefined) return { ...heading, gpus: [], tpus: [], workers: [] }
  const { cpu, memory, diskTraffic, network } = figures
  const byRole = (role: ProcessMetrics['role']) => figures.processes.find((process) => process.role === role)
  const agent = byRole('agent')
  const head = byRole('head')
  return {
    now: figures.atMs / 1_000,
    ...heading,
    cpu: cpu.percent,
    cpus: [cpu.logical, cpu.physical],
    mem: [memory.totalBytes, memory.availableBytes, percentOf(memory.usedBytes, memory.totalBytes), memory.usedBytes],
    hostMem: [memory.usedBytes, memory.totalBytes],
    cgroupMem: memory.group === null ? null : [memory.group.usedBytes, memory.group.limitBytes],
    shm: memory.shm?.usedBytes ?? null,
    bootTime: figures.bootedAtMs / 1_000,
    loadAvg: [cpu.load, cpu.load.map((load) => Math.round((load / Math.max(1, cpu.logical)) * 100) / 100)],
    disk: Object.fromEntries(
      figures.disks.map(({ mount, totalBytes, usedBytes, freeBytes }) => [
        mount,
        { total: totalBytes, used: usedBytes, free: freeBytes, percent: percentOf(usedBytes, usedBytes + freeBytes) },
      ]),
    ),
    diskIo: [diskTraffic.readBytes, diskTraffic.writeBytes, diskTraffic.reads, diskTraffic.writes],
    diskIoSpeed: [diskTraffic.readBytesPerS, diskTraffic.writeBytesPerS, diskTraffic.readsPerS, diskTraffic.writesPerS],
    network: [network.sentBytes, network.receivedBytes],
    networkSpeed: [network.sentBytesPerS, network.receivedBytesPerS],
    cmdline: [],
    gpus: figures.gpus.map(gpuObject),
    tpus: [],
    agent: agent === undefined ? null : processObject(agent),
    ...(head === undefined ? {} : { gcs: processObject(head) }),
    workers: figures.processes.filter(({ role }) => role !== 'agent' && role !== 'head').map(workerObject),
  }
}

/** The node as `/nodes` has it. With figures of its machine, and what the head knows of it under `raylet`. Keys are camelCase already. */
export function nodeObject(node: HeadNode, figures: NodeMetrics | undefined): Record<string, unknown> {
  return { ...machineObject(node, figures), raylet: rayletObject(node, figures) }
}

function rayletObject({ facts, phase, draining }: HeadNode, figures: NodeMetrics | undefined): Record<string, unknown> {
  const used = figures?.store.usedBytes ?? 0
  const total = figures?.store.capacityBytes ?? facts.objectStoreBytes
  const isDead = phase.kind === 'dead'
  return {
    nodeId: facts.nodeId,
    state: isDead ? 'DEAD' : 'ALIVE',
    stateMessage: isDead ? phase.reason : draining === null ? null : `draining: ${draining.reason}`,
    ...(isDead
      ? {
          deathInfo: {
            reason: phase.reason === 'it left' ? 'EXPECTED_TERMINATION' : 'UNEXPECTED_TERMINATION',
            reasonMessage: phase.reason,
          },
        }
      : {}),
    isHeadNode: facts.isHead,
    nodeName: facts.nodeName || nodeIpOf(facts),
    nodeManagerAddress: nodeIpOf(facts),
    nodeManagerHostname: facts.hostname,
    nodeManagerPort: portOf(facts.agentAddress),
    objectManagerPort: portOf(facts.agentAddress),
    ...{ metricsExportPort: 0, metricsAgentPort: 0, runtimeEnvAgentPort: 0, dashboardAgentListenPort: 0 },
    resourcesTotal: facts.resources,
    labels: { 'ray.io/node-id': facts.nodeId, ...facts.labels },
    startTimeMs: String(Math.round(facts.startedAtMs)),
    endTimeMs: String(isDead ? Math.round(phase.diedAtMs) : 0),
    numWorkers: figures?.processes.filter(({ role }) => role === 'worker').length ?? 0,
    storeStats: {
      objectStoreBytesUsed: String(used),
      objectStoreBytesAvail: String(total),
      objectStoreBytesPrimaryCopy: String(figures?.store.primaryBytes ?? 0),
      numLocalObjects: String(figures?.store.objects ?? 0),
    },
    objectStoreUsedMemory: used,
    objectStoreAvailableMemory: Math.max(0, total - used),
    stateSnapshot: { state: isDead ? 'DEAD' : draining === null ? 'ACTIVE' : 'DRAINING', idleDurationMs: '0', nodeActivity: [] },
    ...{ tempDir: '', sessionDir: '', instanceId: '', nodeTypeName: '', instanceTypeName: '' },
    coreWorkersStats: [],
  }
}

/** Ray tells GPU memory in MB. */
const megabyte = 1024 * 1024

function gpuObject(gpu: GpuMetrics): Record<string, unknown> {
  return {
    index: gpu.index,
    name: gpu.name,
    uuid: gpu.uuid,
    utilizationGpu: gpu.utilizationPercent,
    memoryUsed: Math.round(gpu.memoryUsedBytes / megabyte),
    memoryTotal: Math.round(gpu.memoryTotalBytes / megabyte),
    processesPids: gpu.processes?.map(({ pid, memoryBytes }) => ({ pid, gpuMemoryUsage: Math.round(memoryBytes / megabyte) })) ?? null,
    powerMw: gpu.powerMilliwatts,
    temperatureC: gpu.temperatureCelsius,
  }
}

/** Of the process of a worker, a driver or a submitted job. `gpus` of the machine tell which of them it uses. */
export function workerObject(process: ProcessMetrics): Record<string, unknown> {
  return {
    ...processObject(process),
    coreWorkerStats: process.workerId === null ? [] : [{ pid: process.pid, workerId: process.workerId, jobId: process.jobId ?? '' }],
    language: 'JAVASCRIPT',
    jobId: process.jobId ?? '',
    role: process.role,
  }
}

function processObject(process: ProcessMetrics): Record<string, unknown> {
  return {
    pid: process.pid,
    createTime: process.startedAtMs / 1_000,
    cpuPercent: process.cpuPercent,
    cpuTimes: {
      user: process.userSeconds,
      system: process.systemSeconds,
      childrenUser: process.childUserSeconds,
      childrenSystem: process.childSystemSeconds,
    },
    cmdline: [process.command],
    memoryInfo: {
      rss: process.rssBytes,
      vms: process.virtualBytes,
      pfaults: process.minorFaults,
      pageins: process.majorFaults,
    },
    numFds: process.files,
  }
}

const percentOf = (part: number, whole: number): number => (whole <= 0 ? 0 : Math.round((part / whole) * 1_000) / 10)
