import * as z from 'zod'
import { Cluster, ClusterName, ClusterSpec, Engine, Plan, ServiceKind } from './clusters.ts'
import { JobPlan, JobSpec, UploadId, UploadPath } from './jobs.ts'
import { LogFollow, LogPiece, LogPlace } from './logs.ts'
import { RayPlan, RayToken, RayTrust } from './ray-heads.ts'
import { RayVersionText } from './ray-setup.ts'
import {
  ClusterId,
  FilePath,
  Finding,
  Leftover,
  Machine,
  MachineChanges,
  MachineId,
  MachineSpec,
  Port,
  ReachCell,
  UnsetField,
} from './machines.ts'
import { Operation, OperationId } from './operations.ts'
import { Question, QuestionAnswer, QuestionId } from './questions.ts'

/**
 * Everything that a screen or the command line may ask of the panel's host, over WebSocket, Electron's IPC, or in one process.
 * `change`: it changes something; a client that may only look is refused.
 */
type Call = { readonly input: z.ZodType; readonly output: z.ZodType; readonly access: 'read' | 'change' }

const nothing = z.strictObject({})
const done = z.object({})
const listOf = <T extends z.ZodType>(item: T) => z.array(item).max(4_096)
const text = z.string().max(10 * 1024 * 1024)

const read = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output, access: 'read' }) as const
const change = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output, access: 'change' }) as const

/** A machine by its id, or by its name in any case. */
export const MachineRef = z.string().min(1).max(128)
/** A cluster by its id or name. */
export const ClusterRef = z.string().min(1).max(64)
const machine = z.strictObject({ machine: MachineRef })
const cluster = z.strictObject({ cluster: ClusterRef })

export const InventoryFormat = z.enum(['auto', 'paste', 'ssh-config', 'csv', 'ansible', 'json'])
export type InventoryFormat = z.infer<typeof InventoryFormat>
export const ParsedMachines = z.object({
  machines: listOf(MachineSpec),
  /** What could not be read or was left out, by line. Nothing is lost in silence. */
  problems: z.array(z.object({ line: z.int(), text: z.string().max(512), message: z.string().max(2_048) })).max(4_096),
})
export type ParsedMachines = z.infer<typeof ParsedMachines>

/** A column of machines on which a command ended alike: the same output and the same exit code. */
export const ExecGroup = z.object({
  machines: z.array(z.object({ machineId: MachineId, name: z.string(), durationMs: z.number() })).max(4_096),
  code: z.int().nullable(),
  signal: z.string().nullable(),
  stdout: z.string(),
  stderr: z.string(),
  isTruncated: z.boolean(),
  /** Set when it could not be run there at all. */
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** Lines that differ from the largest group: `-` theirs, `+` of this one. Empty for the largest. */
  difference: z.array(z.string().max(4_096)).max(10_000),
})
export type ExecGroup = z.infer<typeof ExecGroup>

export const ApiAnswer = z.object({
  /** What the head, or the record of it, answered. */
  body: z.unknown(),
  source: z.enum(['live', 'record']),
  /** When the record was made; null for what is live. */
  recordedAtMs: z.number().nullable(),
})

const size = { cols: z.int().min(1).max(1_000), rows: z.int().min(1).max(1_000) }
const jobOf = JobSpec.extend({ cluster: ClusterRef })
const rayPlace = z.strictObject({
  /** `host`, `host:port` or an http(s) URL of the dashboard, as seen from `via`. */
  address: z.string().min(1).max(2_048),
  via: MachineRef.nullable().default(null),
  token: RayToken.optional(),
  trust: RayTrust.default({ kind: 'system' }),
})
const upload = z.strictObject({ uploadId: UploadId })
/** `engine`: another one than the file says. */
const applied = z.strictObject({ yaml: text, engine: Engine.optional() })
const memberships = z.strictObject({ cluster: ClusterRef, machines: z.array(MachineRef).min(1).max(4_096) })
const force = z.boolean().default(false)
const leaving = memberships.extend({ force })
const goingDown = cluster.extend({ force })
const planAnswer = z.object({ plan: Plan })
const started = z.object({ operationId: OperationId })

export const panel = {
  'panel.info': read(nothing, z.object({ version: z.string(), holder: z.string(), dataFolder: z.string(), startedAtMs: z.number() })),

  'machines.list': read(nothing, listOf(Machine)),
  'machines.get': read(machine, Machine),
  /** Reads text of any of these forms and says what it would add. `ssh-config` takes no text: it reads the user's own file. */
  'machines.parse': read(z.strictObject({ format: InventoryFormat, text }), ParsedMachines),
  /** All or none. @throws `already-exists` naming the machine */
  'machines.add': change(z.strictObject({ machines: z.array(MachineSpec).min(1).max(4_096) }), listOf(Machine)),
  'machines.update': change(
    z.strictObject({ machine: MachineRef, changes: MachineChanges, unset: z.array(UnsetField).max(8).default([]) }),
    Machine,
  ),
  /** Takes it out of the inventory; nothing is done on it. @throws `wrong-state` while it is part of a cluster */
  'machines.remove': change(z.strictObject({ machines: z.array(MachineRef).min(1).max(4_096) }), done),
  'machines.export': read(z.strictObject({ format: z.enum(['csv', 'ansible', 'ssh-config', 'json']) }), z.object({ text: z.string() })),
  /** Probes each and judges what it finds; one that cannot be reached has one finding that says why. */
  'machines.check': change(
    z.strictObject({ machines: z.array(MachineRef).min(1).max(4_096), role: z.enum(['head', 'worker', 'none']).default('none') }),
    listOf(z.object({ machine: Machine, findings: z.array(Finding) })),
  ),
  /** Who reaches whom on a port; each pair a cell. */
  'machines.reachability': change(
    z.strictObject({ machines: z.array(MachineRef).min(2).max(512), port: Port.optional() }),
    z.array(ReachCell).max(512 * 512),
  ),
  /** One command on many machines; those that ended alike stand together. */
  'machines.exec': change(
    z.strictObject({
      machines: z.array(MachineRef).min(1).max(4_096),
      command: z.string().min(1).max(65_536),
      timeoutMs: z.int().min(100).max(86_400_000).optional(),
    }),
    z.array(ExecGroup).max(4_096),
  ),
  'machines.leftovers': read(machine, listOf(Leftover)),
  'machines.clean': change(
    z.strictObject({ machine: MachineRef, leftovers: listOf(Leftover) }),
    z.object({ removed: listOf(Leftover), kept: listOf(z.object({ leftover: Leftover, why: z.string() })) }),
  ),
  'machines.disconnect': change(machine, done),

  /** All, or those of a `host:port`: only so can one whose name is hashed be found. */
  'hostKeys.list': read(
    z.strictObject({ host: z.string().min(1).max(300).optional() }),
    listOf(z.object({ host: z.string(), keyType: z.string(), fingerprint: z.string(), file: z.string() })),
  ),
  /** After which the machine's next key is a new one, and must be accepted. */
  'hostKeys.forget': change(z.strictObject({ host: z.string().min(1).max(300) }), z.object({ forgotten: z.int() })),

  'questions.list': read(nothing, listOf(Question)),
  'questions.answer': change(z.strictObject({ questionId: QuestionId, answer: QuestionAnswer }), done),

  'secrets.status': read(
    nothing,
    z.object({
      kind: z.enum(['memory', 'vault', 'keychain']),
      isOpen: z.boolean(),
      keys: listOf(z.string()),
      whyNoKeychain: z.string().nullable(),
    }),
  ),
  /** Where answers are kept from now on; what was kept moves along. */
  'secrets.use': change(
    z.strictObject({ kind: z.enum(['memory', 'vault', 'keychain']), passphrase: z.string().max(1_024).optional() }),
    done,
  ),
  'secrets.unlock': change(z.strictObject({ passphrase: z.string().max(1_024) }), done),
  'secrets.forget': change(z.strictObject({ key: z.string().min(1).max(2_048) }), done),

  'clusters.list': read(nothing, listOf(Cluster)),
  'clusters.get': read(cluster, Cluster),
  /** What `create` would do; machines are probed first where `probe` is true. */
  'clusters.planCreate': change(z.strictObject({ spec: ClusterSpec, probe: z.boolean().default(true) }), planAnswer),
  'clusters.create': change(
    z.strictObject({
      spec: ClusterSpec,
      /** Go on without the workers that a blocker keeps out. @default false */
      withoutBlocked: z.boolean().default(false),
    }),
    z.object({ clusterId: ClusterId, operationId: OperationId }),
  ),
  /**
   * A cluster on this computer alone, no SSH: made, started again where it is down or half way, or found running and connected to. `nodes`
   * counts for one that is made, `withSamples` for one that is started: the sample jobs are submitted as the last step of the operation.
   * @throws `wrong-state` while this computer is part of a cluster with others, `not-supported`, `machine.unfit` where no node can run on it
   */
  'clusters.startLocal': change(
    z.strictObject({ withSamples: z.boolean().default(true), nodes: z.int().min(1).max(4).default(3) }),
    z.object({ clusterId: ClusterId, operationId: OperationId }),
  ),
  /** The jobs of `examples/samples`. One that has not ended yet is left alone: `isNew` is false then, and `job` is that one. */
  'clusters.submitSamples': change(
    cluster,
    z.object({ jobs: z.array(z.object({ sample: z.string(), job: z.string(), isNew: z.boolean() })).max(64) }),
  ),
  /** Looks at the head of a Ray cluster that others made: its version, whether it wants a token, its certificate. Nothing is kept. */
  'clusters.planRay': change(rayPlace, RayPlan),
  /**
   * Puts it on the list and connects. `keepToken`: in the keychain or vault, where one is used; else it is asked for again after a restart.
   * @throws `already-exists`; `auth.missing`, `auth.refused`, `head.unavailable` and others as `problem` of `planRay` says
   */
  'clusters.connectRay': change(rayPlace.extend({ name: ClusterName, keepToken: z.boolean().default(false) }), Cluster),
  'clusters.planAdd': change(memberships, planAnswer),
  'clusters.add': change(memberships, started),
  'clusters.planDrain': change(memberships, planAnswer),
  'clusters.drain': change(memberships.extend({ withinMs: z.int().min(0).max(86_400_000).optional() }), started),
  'clusters.planRemove': change(leaving, planAnswer),
  /** Drains, stops, and deletes all of ours there. `force`: does not wait for what runs, and forgets machines that cannot be reached. */
  'clusters.remove': change(leaving, started),
  'clusters.planRestart': change(memberships, planAnswer),
  'clusters.restart': change(memberships, started),
  /** `rayVersion`: of a cluster of Ray, whose nodes all have the same. @default the one that it has */
  'clusters.planUpgrade': change(memberships.extend({ rayVersion: RayVersionText.optional() }), planAnswer),
  'clusters.upgrade': change(memberships.extend({ rayVersion: RayVersionText.optional() }), started),
  'clusters.planDown': change(goingDown, planAnswer),
  /** Removes everything from every machine; the cluster stays in the list as a record. */
  'clusters.down': change(goingDown, started),
  /** Out of the list, with its record. @throws `wrong-state` while members are left */
  'clusters.forget': change(cluster, done),
  'clusters.connect': change(cluster, Cluster),
  'clusters.disconnect': change(cluster, Cluster),
  /** Takes the right to change it from another panel. */
  'clusters.takeOver': change(cluster, Cluster),
  'clusters.export': read(cluster, z.object({ yaml: z.string() })),
  /** Reads a cluster.yaml, ours or one of Ray's for local machines, and says what applying it would add, remove and change. */
  'clusters.planApply': change(
    applied,
    z.object({
      name: ClusterName,
      exists: z.boolean(),
      machinesToAdd: listOf(MachineSpec),
      spec: z.object({ engine: Engine, head: z.string(), workers: listOf(z.string()), service: ServiceKind }),
      add: listOf(z.string()),
      remove: listOf(z.string()),
      notes: z.array(z.string()).max(256),
    }),
  ),
  'clusters.apply': change(applied, z.object({ clusterId: ClusterId, operationIds: listOf(OperationId) })),

  /** The newest first, without their steps' commands and logs; so they come on the topic `operations`, too. */
  'operations.list': read(nothing, listOf(Operation)),
  /** Whole. */
  'operations.get': read(z.strictObject({ operationId: OperationId }), Operation),
  /** The whole, or what runs on one machine. */
  'operations.cancel': change(z.strictObject({ operationId: OperationId, machine: MachineRef.optional() }), done),
  'operations.retry': change(z.strictObject({ operationId: OperationId, machine: MachineRef.optional() }), done),

  /**
   * One call of a cluster's HTTP API by the id of its route (`runtime/api/routes`), from the head, or from the record when it is gone.
   * `read` calls only; what changes something is `api.change`.
   */
  'api.read': read(
    z.strictObject({
      cluster: ClusterRef,
      route: z.string().regex(/^[A-Za-z]{1,64}$/),
      params: z.record(z.string().max(64), z.string().max(512)).default({}),
      query: z.record(z.string().max(64), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])).default({}),
    }),
    ApiAnswer,
  ),
  'api.change': change(
    z.strictObject({
      cluster: ClusterRef,
      route: z.string().regex(/^[A-Za-z]{1,64}$/),
      params: z.record(z.string().max(64), z.string().max(512)).default({}),
      query: z.record(z.string().max(64), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])).default({}),
      body: z.unknown().optional(),
    }),
    ApiAnswer,
  ),
  /** What the head can do, and why not where it cannot. */
  'api.capabilities': read(
    cluster,
    z.object({ engine: z.enum(['shoal', 'ray']), version: z.string(), missing: z.array(z.object({ what: z.string(), why: z.string() })) }),
  ),

  /** What would become of it; nothing is sent or changed. It looks into folders of the panel's computer, which is not for who may only look. */
  'jobs.plan': change(jobOf, JobPlan),
  /** Packs and uploads the folder where the head has it not yet, as the topic `uploads` tells, and submits. @throws `too-large`, `task.cancelled` */
  'jobs.submit': change(jobOf, z.object({ submissionId: z.string() })),

  /** A folder that comes from a browser, file by file, and waits for `jobs.submit`: an hour once it is whole, five minutes before. */
  'uploads.begin': change(
    z.strictObject({ name: z.string().min(1).max(255), files: z.int().min(0).max(100_000), totalBytes: z.number().min(0) }),
    upload,
  ),
  /** A piece of one file, in order; `data` is base64 of at most 4 MiB. `isLast`: the file is whole with it. */
  'uploads.write': change(
    z.strictObject({
      uploadId: UploadId,
      path: UploadPath,
      offset: z.int().min(0),
      data: z.base64().max(Math.ceil((4 * 1024 * 1024) / 3) * 4),
      isLast: z.boolean(),
    }),
    done,
  ),
  /** With all that came of it; also one that `jobs.submit` has in work, which then throws. */
  'uploads.cancel': change(upload, done),

  /** `follow`: its bytes come on the topic `job-log/<streamId>`. */
  'logs.followJob': read(
    z.strictObject({ cluster: ClusterRef, job: z.string().min(1).max(128), offset: z.int().min(0).default(0) }),
    z.object({ streamId: z.string() }),
  ),
  /** Lines of many files come on the topic `log-stream/<streamId>`, from when somebody listens until nobody has for a minute. */
  'logs.follow': read(LogFollow.extend({ cluster: ClusterRef }), z.object({ streamId: z.string() })),
  /** Of either kind. */
  'logs.stopFollowing': read(z.strictObject({ streamId: z.string().max(64) }), done),
  /** Bytes of a log, to be asked for one after the other. */
  'logs.readChunk': read(LogPlace, LogPiece),

  /**
   * A shell on a machine; what it writes comes on the topic `terminal/<terminalId>`. With `job`: on the machine where it runs or ran, in its
   * folder and with its variables; with `node`, a node id: on that one's machine. The first line says where one is.
   */
  'terminals.open': change(
    z.union([
      /** `folder`: begin in this one. */
      z.strictObject({ machine: MachineRef, folder: FilePath.optional(), ...size }),
      z.strictObject({ cluster: ClusterRef, job: z.string().min(1).max(128), ...size }),
      z.strictObject({ cluster: ClusterRef, node: z.string().min(1).max(64), ...size }),
    ]),
    z.object({ terminalId: z.string() }),
  ),
  'terminals.list': read(
    nothing,
    listOf(
      z.object({
        terminalId: z.string(),
        machineId: MachineId,
        openedAtMs: z.number(),
        /** Of what it was opened for. */
        clusterId: ClusterId.nullable(),
        job: z.string().nullable(),
        node: z.string().nullable(),
      }),
    ),
  ),
  'terminals.write': change(z.strictObject({ terminalId: z.string().max(64), data: z.string().max(1024 * 1024) }), done),
  'terminals.resize': change(z.strictObject({ terminalId: z.string().max(64), ...size }), done),
  'terminals.close': change(z.strictObject({ terminalId: z.string().max(64) }), done),
} as const satisfies Record<string, Call>

export type Method = keyof typeof panel
/** What a caller writes: defaults may be left out. */
export type GivenInput<M extends Method> = z.input<(typeof panel)[M]['input']>
export type Output<M extends Method> = z.output<(typeof panel)[M]['output']>
