import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster, ClusterSpec } from '#src-main/contract/clusters.ts'
import { Machine } from '#src-main/contract/machines.ts'
import type { Operation } from '#src-main/contract/operations.ts'
import { type Limits, usualLimits } from '#src-main/bootstrap/core/state.ts'
import { openPayloadArchives } from '#src-main/bootstrap/payload-archive.ts'
import { plannedMember } from '#src-main/bootstrap/machine-target.ts'
import { planAdd, planCreate, planDown, type PlanWorld } from '#src-main/bootstrap/plan.ts'
import { runnableInput } from '#src-main/bootstrap/plan-of.ts'
import type { OperationInput } from '#src-main/bootstrap/operation-input.ts'
import { type RunIo, type RunningOperation, type SavedOperation, startOperation } from '#src-main/bootstrap/run-operation.ts'
import type { MemberNews } from '#src-main/bootstrap/steps/step-context.ts'
import { KnownHosts } from '#src-main/ssh/known-hosts.ts'
import type { HostConnection } from '#src-main/ssh/host-connection.ts'
import { openConnection } from '#src-main/ssh/open-connection.ts'
import type { Bed } from '#test/support/bed/bed.ts'
import type { BedHost } from '#test/support/bed/bed-host.ts'

export const machineIdOf = (index: number): string => `m-${(index + 1).toString(16).padStart(12, '0')}`
export const clusterId = 'c-0123456789ab'

const noQuestions = {
  acceptHostKey: () => Promise.resolve(false),
  password: () => Promise.resolve(undefined),
  passphrase: () => Promise.resolve(undefined),
  keyboardInteractive: () => Promise.resolve(undefined),
}

/** The hosts of a bed as an inventory, and a cluster's record that is kept by what operations tell. */
export class Fleet {
  readonly bed: Bed
  readonly saved: SavedOperation[] = []
  readonly connections: HostConnection[] = []
  cluster: Cluster
  payloadFolder: string
  readonly apis = new Map<string, MemberNews['api']>()
  extras: Partial<RunIo> = {}
  limits: Limits = usualLimits

  constructor(bed: Bed, payloadFolder: string, ports: Partial<Cluster['ports']> = {}) {
    this.bed = bed
    this.payloadFolder = payloadFolder
    this.cluster = {
      id: clusterId,
      name: 'lab',
      engine: 'shoal',
      createdAtMs: 0,
      ports: { head: 6_379, agent: 6_380, api: 8_265, ...ports },
      service: 'none',
      members: [],
      link: { state: 'off', sinceMs: 0, message: null },
      lease: { holder: null, isOurs: true },
    }
    writeFileSync(join(bed.folder, 'known_hosts'), bed.knownHosts)
  }

  async world(): Promise<PlanWorld> {
    const archives = await openPayloadArchives(this.payloadFolder).list()
    return {
      machines: this.bed.hosts.map((host, index) => aMachine(host, index)),
      payloads: Object.fromEntries(archives.map((each) => [each.arch, each])),
    }
  }

  hostOf(machineId: string): BedHost {
    const host = this.bed.hosts[Number.parseInt(machineId.slice(2), 16) - 1]
    if (!host) throw new Error(`no host for ${machineId}`)
    return host
  }

  async connect(machineId: string): Promise<HostConnection> {
    const host = this.hostOf(machineId)
    const connection = await openConnection(
      {
        name: host.name,
        host: host.address,
        port: host.port,
        user: host.user,
        keyFiles: [this.bed.keyFile],
        agentSocket: undefined,
        ways: new Set(['key'] as const),
        jump: [],
      },
      { questions: noQuestions, knownHosts: new KnownHosts({ ownFile: join(this.bed.folder, 'known_hosts'), otherFiles: [] }) },
    )
    this.connections.push(connection)
    return connection
  }

  io(): RunIo {
    const archives = openPayloadArchives(this.payloadFolder)
    return {
      connect: (machineId) => this.connect(machineId),
      payloadFor: (arch) => archives.get(arch),
      nowMs: Date.now,
      randomHex: (bytes) => randomBytes(bytes).toString('hex'),
      save: (saved) => this.saved.push(JSON.parse(JSON.stringify(saved)) as SavedOperation), // as it would come back from disk
      memberChanged: (machineId, news) => this.learn(machineId, news),
      ...this.extras,
    }
  }

  private learn(machineId: string, { state, api, ...news }: MemberNews): void {
    if (api) this.apis.set(machineId, api)
    const { members } = this.cluster
    this.cluster = {
      ...this.cluster,
      members:
        state === 'gone'
          ? members.filter((each) => each.machineId !== machineId)
          : members.map((each) => (each.machineId === machineId ? { ...each, ...news, state } : each)),
    }
  }

  begin(input: OperationInput): RunningOperation {
    const known = this.cluster.members.map(({ machineId }) => machineId)
    if (input.kind === 'create' || input.kind === 'add') {
      const fresh = input.machines.filter(({ machineId }) => !known.includes(machineId)).map(plannedMember)
      this.cluster = { ...this.cluster, members: [...this.cluster.members, ...fresh] }
    }
    return startOperation(input, this.io(), { limits: this.limits })
  }

  async create(count = this.bed.hosts.length): Promise<RunningOperation> {
    const ids = Array.from({ length: count }, (_, index) => machineIdOf(index))
    const [head = '', ...workers] = ids
    const { name, ports, service, engine } = this.cluster
    const spec: ClusterSpec = { name, engine, head, workers, ports, service }
    return this.begin(runnableInput(planCreate(clusterId, spec, await this.world()), { withoutBlocked: false }))
  }

  /** Everything away, where there is something. */
  async takeDown(): Promise<void> {
    if (this.cluster.members.length === 0) return
    const leaving = { ...(await this.world()), force: false, unreachable: new Set<string>() }
    const operation = await this.begin(runnableInput(planDown(this.cluster, leaving), { withoutBlocked: false })).done
    if (operation.state !== 'done') throw new Error(troubleOf(operation).join('\n'))
  }

  async add(index: number): Promise<RunningOperation> {
    return this.begin(runnableInput(planAdd(this.cluster, [machineIdOf(index)], await this.world()), { withoutBlocked: false }))
  }
}

/** What a probe would have found; only what plans look at is true. */
export function aMachine(host: Pick<BedHost, 'name' | 'address' | 'user' | 'home'>, index: number): Machine {
  return Machine.parse({
    id: machineIdOf(index),
    name: host.name,
    host: host.address,
    addedAtMs: 0,
    reach: { state: 'reachable', sinceMs: 0, code: null, message: null },
    findings: [],
    clusterId: null,
    facts: {
      probedAtMs: 0,
      hostname: host.name,
      user: host.user,
      uid: 12_345,
      os: 'Debian',
      kernel: '6',
      arch: 'x86_64',
      libc: { kind: 'glibc', version: '2.36' },
      hasLibstdcxx: true,
      cpus: 2,
      memoryBytes: 2 ** 33,
      memoryAvailableBytes: 2 ** 33,
      gpus: [],
      gpuDriver: null,
      folder: {
        path: `${host.home}/.shoal`,
        isWritable: true,
        isExecutable: true,
        freeBytes: 2 ** 35,
        freeInodes: null,
        fileSystem: 'overlay',
      },
      temp: { path: '/tmp', isWritable: true, freeBytes: 2 ** 33 },
      shm: { exists: true, isWritable: true, sizeBytes: 2 ** 30, freeBytes: 2 ** 30 },
      clockSkewMs: 0,
      limits: { openFiles: null, processes: null, lockedMemoryBytes: null },
      listening: [],
      addresses: [{ address: host.address, device: 'eth0' }],
      tools: {},
      python: null,
      ray: null,
      services: { systemdUser: false, linger: null, cron: false },
      payloads: [],
      leftovers: [],
    },
  })
}

/** Each step that failed, with its reason and log, for the message of an assertion. */
export const troubleOf = (operation: Operation): string[] =>
  operation.machines.flatMap(({ name, state, failure, steps }) => {
    const step = steps.find((each) => each.state === 'failed')
    return state === 'done' ? [] : [`${name} ${state} at ${step?.id}: ${failure?.message}\n${step?.log ?? ''}`]
  })

/** How long each step took at most, over all machines. */
export function longestSteps(operation: Operation): Record<string, number> {
  const longest: Record<string, number> = {}
  for (const { steps } of operation.machines) {
    for (const { id, startedAtMs, endedAtMs } of steps) longest[id] = Math.max(longest[id] ?? 0, (endedAtMs ?? 0) - (startedAtMs ?? 0))
  }
  return longest
}

/** Resolves when `isTrue` is; asks after every change of an operation. @throws Error when it ended before */
export function until(operation: RunningOperation, isTrue: (now: Operation) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = operation.onChange(() => {
      if (!isTrue(operation.snapshot())) return
      stop()
      resolve()
    })
    void operation.done.then((end) => reject(new Error(`it ended as ${end.state} before that: ${troubleOf(end).join('\n')}`)))
  })
}

export const stepOf = (operation: Operation, name: string, stepId: string) =>
  operation.machines.find((machine) => machine.name === name)?.steps.find(({ id }) => id === stepId)
