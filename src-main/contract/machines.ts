import * as z from 'zod'

/** `m-` and 12 hex digits, made when a machine is added; it stays when the machine is renamed. */
export const MachineId = z.string().regex(/^m-[0-9a-f]{12}$/)
export const ClusterId = z.string().regex(/^c-[0-9a-f]{12}$/)

/** What a machine is called on screens, in files and on the command line; unique in an inventory, compared without case. */
export const MachineName = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[\p{L}\p{N}](?:[\p{L}\p{N}._@:-]*[\p{L}\p{N}])?$/u, 'letters, digits and . _ - @ : between them')

/** A host name, an address, or an alias of `~/.ssh/config`. It never begins with a dash, so no command takes it for a flag. */
export const HostName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[A-Za-z0-9_[:](?:[A-Za-z0-9_.:%\]-]*[A-Za-z0-9_\]])?$/, 'a host name, an address, or an alias of ~/.ssh/config')
export const UserName = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.@\\-]*\$?$/, 'a user name')
export const Port = z.int().min(1).max(65_535)
/** Of a file or folder on a machine or here; no line breaks and no NUL. */
export const FilePath = z
  .string()
  .min(1)
  .max(1_024)
  .regex(/^\P{Cc}+$/u, 'no control characters')

/** One hop on the way to a machine: the name of a machine of the inventory, or `user@host:port`. */
export const JumpHop = z.string().min(1).max(400)

/** What a person says of a machine. What is left out comes from `~/.ssh/config`, then from the defaults of ssh. */
export const MachineSpec = z.strictObject({
  name: MachineName,
  host: HostName,
  /** `local`: the computer that the panel runs on, to which no SSH leads; an inventory has one such machine at most, and it stays what it is. */
  via: z.enum(['ssh', 'local']).default('ssh'),
  port: Port.optional(),
  user: UserName.optional(),
  /** Private keys to try, in order; absent: as `~/.ssh/config` says. Paths on this computer. */
  keyFiles: z.array(FilePath).max(16).optional(),
  /** Ways in that may be tried. @default all */
  auth: z
    .array(z.enum(['agent', 'key', 'password', 'keyboard-interactive']))
    .min(1)
    .max(4)
    .optional(),
  /** The way there, the hop nearest to this computer first. Absent: as `~/.ssh/config` says; empty: straight there. */
  jump: z.array(JumpHop).max(8).optional(),
  /** `lab/gpu`: slashes make groups within groups. */
  groups: z.array(z.string().min(1).max(256)).max(32).default([]),
  tags: z.array(z.string().min(1).max(64)).max(64).default([]),
  notes: z.string().max(10_000).default(''),
  /** Where all we put there lies. @default `~/.shoal` of that machine */
  folder: FilePath.optional(),
  /** The address by which the other machines reach it. @default the one that the probe finds */
  nodeIp: z.string().max(64).optional(),
  /** The port on which its node listens for the others. @default that of the cluster */
  agentPort: Port.optional(),
})
export type MachineSpec = z.infer<typeof MachineSpec>

const bare = <T extends z.ZodType>(field: z.ZodDefault<T>): T => field.unwrap()
/** Only what is to be another; a default would put back what a person said before. */
export const MachineChanges = MachineSpec.extend({
  groups: bare(MachineSpec.shape.groups),
  tags: bare(MachineSpec.shape.tags),
  notes: bare(MachineSpec.shape.notes),
})
  .omit({ via: true })
  .partial()
export type MachineChanges = z.infer<typeof MachineChanges>
/** What may be left to `~/.ssh/config` and the defaults again. */
export const UnsetField = z.enum(['port', 'user', 'keyFiles', 'auth', 'jump', 'folder', 'nodeIp', 'agentPort'])
export type UnsetField = z.infer<typeof UnsetField>

export const Gpu = z.object({
  index: z.int(),
  name: z.string(),
  memoryBytes: z.number(),
  usedBytes: z.number(),
  /** Processes that hold memory of it: pid, user, command, bytes. */
  holders: z.array(z.object({ pid: z.int(), user: z.string(), command: z.string(), usedBytes: z.number() })).max(256),
})

/** Something of ours that an earlier run left: nothing that runs now uses it. */
export const Leftover = z.object({
  kind: z.enum(['process', 'shared-memory', 'folder', 'socket', 'service', 'cron']),
  /** What to show and what to remove: a path, or `pid:startTicks` of a process. */
  what: z.string().max(2_048),
  detail: z.string().max(2_048),
  sizeBytes: z.number().nullable(),
  sinceMs: z.number().nullable(),
})
export type Leftover = z.infer<typeof Leftover>

/** What the last probe found. Sizes in bytes; what could not be found out is null. */
export const MachineFacts = z.object({
  probedAtMs: z.number(),
  hostname: z.string(),
  user: z.string(),
  uid: z.int(),
  os: z.string(),
  kernel: z.string(),
  /** `x86_64`, `aarch64`, as `uname -m` says. */
  arch: z.string(),
  libc: z.object({ kind: z.enum(['glibc', 'musl', 'unknown']), version: z.string() }),
  hasLibstdcxx: z.boolean().nullable(),
  cpus: z.int(),
  memoryBytes: z.number(),
  memoryAvailableBytes: z.number(),
  gpus: z.array(Gpu).max(64),
  gpuDriver: z.string().nullable(),
  /** The folder where ours would lie: what can be done there. */
  folder: z.object({
    path: z.string(),
    isWritable: z.boolean(),
    isExecutable: z.boolean(),
    freeBytes: z.number(),
    freeInodes: z.number().nullable(),
    fileSystem: z.string(),
  }),
  temp: z.object({ path: z.string(), isWritable: z.boolean(), freeBytes: z.number() }),
  shm: z.object({ exists: z.boolean(), isWritable: z.boolean(), sizeBytes: z.number(), freeBytes: z.number() }),
  /** Its clock less ours; half the round trip is taken out. */
  clockSkewMs: z.number(),
  limits: z.object({ openFiles: z.number().nullable(), processes: z.number().nullable(), lockedMemoryBytes: z.number().nullable() }),
  /** TCP ports that somebody listens on, and who where that is known; `session` is the folder of a node of ours. */
  listening: z
    .array(z.object({ port: z.int(), address: z.string(), process: z.string().nullable(), session: z.string().optional() }))
    .max(4_096),
  addresses: z.array(z.object({ address: z.string(), device: z.string() })).max(256),
  tools: z.record(z.string(), z.string()), //                name → path or version, such as bash, curl, python3, systemctl
  /** `hasVenv`: it makes environments by itself; absent in what older panels wrote down. */
  python: z.object({ path: z.string(), version: z.string(), hasVenv: z.boolean().optional(), hasPip: z.boolean().optional() }).nullable(),
  /** `isRunning`: one that no panel started. */
  ray: z.object({ version: z.string().nullable(), isRunning: z.boolean() }).nullable(),
  services: z.object({ systemdUser: z.boolean(), linger: z.boolean().nullable(), cron: z.boolean() }),
  /** sha256 of the payloads that lie unpacked in the folder. */
  payloads: z.array(z.string()).max(256),
  leftovers: z.array(Leftover).max(1_024),
})
export type MachineFacts = z.infer<typeof MachineFacts>

/** One line of the preflight table. */
export const Finding = z.object({
  /** Stable, such as `disk.full`, `home.noexec`: tests and translations match on it. */
  id: z.string().max(64),
  level: z.enum(['ok', 'warning', 'blocker']),
  title: z.string().max(256),
  /** What was seen, with its values. */
  detail: z.string().max(2_048),
  /** What to do, in plain words; empty for what is ok. */
  remedy: z.string().max(2_048),
  /** A line to run as it stands, where one mends it or tells more: in a shell of the machine, or of this computer where `remedy` says so. */
  command: z.string().max(1_024).optional(),
})
export type Finding = z.infer<typeof Finding>

/** How we last stood with it. `state` says why it is not to be had, by the error's code. */
export const MachineReach = z.object({
  state: z.enum(['never-tried', 'connected', 'reachable', 'unreachable']),
  sinceMs: z.number(),
  code: z.string().nullable(),
  message: z.string().nullable(),
})

export const Machine = z.object({
  id: MachineId,
  ...MachineSpec.shape,
  addedAtMs: z.number(),
  reach: MachineReach,
  facts: MachineFacts.nullable(),
  findings: z.array(Finding).max(256),
  /** The cluster that it is part of, of those that this panel knows. */
  clusterId: ClusterId.nullable(),
})
export type Machine = z.infer<typeof Machine>

/** Can `from` open a TCP connection to `to`? */
export const ReachCell = z.object({
  from: MachineId,
  to: MachineId,
  port: z.int(),
  address: z.string(),
  /** `refused`: the machine answered that nothing listens; nobody listened for the test there, so whether a firewall said so is not known. */
  verdict: z.enum(['open', 'refused', 'blocked', 'not-tested']),
  roundTripMs: z.number().nullable(),
  detail: z.string().max(1_024),
})
export type ReachCell = z.infer<typeof ReachCell>
