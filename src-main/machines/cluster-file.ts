import * as z from 'zod'
import { type Cluster, ClusterName, ClusterPorts, Engine, ServiceKind } from '../contract/clusters.ts'
import { type Machine, MachineName, MachineSpec } from '../contract/machines.ts'
import { RaySetup } from '../contract/ray-setup.ts'
import { specOf } from './export-inventory.ts'
import { expandHostRange } from './host-range.ts'
import { InventoryDraft, type InventoryProblem, isSecretName, maxInventoryMachines, type MachineDraft } from './inventory-draft.ts'
import { readRayFile } from './ray-cluster-file.ts'
import { parseYaml, writeYaml, type YamlText } from './yaml-text.ts'

/** A cluster as a file says it: members by name; machines it describes, and others that the inventory has. */
export type ClusterFile = {
  readonly name: string
  readonly engine: z.infer<typeof Engine>
  readonly ray?: RaySetup | undefined
  readonly ports: z.infer<typeof ClusterPorts>
  readonly service: z.infer<typeof ServiceKind>
  readonly head: string
  readonly workers: readonly string[]
  readonly machines: readonly MachineSpec[]
}

/** `file` is undefined when it cannot be used; `problems` says why. `notes`: what was in it and was not taken over. */
export type ParsedClusterFile = {
  readonly file: ClusterFile | undefined
  readonly problems: readonly InventoryProblem[]
  readonly notes: readonly InventoryProblem[]
}

const SpecInFile = z.strictObject({ ...MachineSpec.shape, host: MachineSpec.shape.host.optional() }).omit({ name: true })

/**
 * The form of `cluster.yaml`. `head`, `workers` and the keys of `machines` are names; those of workers and machines may be ranges such as
 * `gpu[01-08]`. A machine without a host is reached under its name; one that is not described here is one of the inventory.
 */
const ClusterFileForm = z.strictObject({
  name: ClusterName,
  engine: Engine.default('shoal'),
  /** For the engine `ray`. */
  ray: RaySetup.optional(),
  service: ServiceKind.default('none'),
  ports: z.strictObject(ClusterPorts.shape).prefault({}),
  head: MachineName,
  workers: z.array(z.string().min(1).max(400)).max(maxInventoryMachines).default([]),
  machines: z.record(z.string().min(1).max(400), SpecInFile.nullable()).default({}),
})

/** Reads `cluster.yaml` of ours, or the launcher file of Ray for machines one has (`provider: type: local`). */
export function parseClusterFile(text: string): ParsedClusterFile {
  const { yaml, problems } = parseYaml(text)
  if (!yaml) return { file: undefined, problems, notes: [] }
  if (isRecord(yaml.value) && ('provider' in yaml.value || 'cluster_name' in yaml.value)) return readRayFile(yaml)
  return readOwnFile(yaml)
}

function readOwnFile(yaml: YamlText): ParsedClusterFile {
  const draft = new InventoryDraft()
  const notes = takeSecretsOut(yaml)
  const form = ClusterFileForm.safeParse(yaml.value)
  if (!form.success) {
    for (const issue of form.error.issues.slice(0, 100)) {
      const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))
      draft.problem(yaml.lineOf(issueKey(path, issue)), path.join('.'), plainIssue(path, issue))
    }
    return { file: undefined, problems: draft.result().problems, notes }
  }
  const { machines, workers, ...rest } = form.data
  for (const [pattern, spec] of Object.entries(machines)) {
    const line = yaml.lineOf(['machines', pattern])
    for (const name of expanded(pattern, (why) => draft.problem(line, pattern, why))) draft.add(draftOf(name, spec), line, pattern)
  }
  const names = workers.flatMap((pattern, index) =>
    expanded(pattern, (why) => draft.problem(yaml.lineOf(['workers', index]), pattern, why)),
  )
  checkMembers(rest.head, names, (text, message) => draft.problem(yaml.lineOf(['workers']), text, message))
  const result = draft.result()
  const file = { ...rest, workers: names, machines: result.machines }
  return { file: result.problems.length === 0 ? file : undefined, problems: result.problems, notes }
}

function draftOf(name: string, spec: z.infer<typeof SpecInFile> | null): MachineDraft {
  return { ...spec, name, host: spec?.host ?? name }
}

function expanded(pattern: string, problem: (why: string) => void): string[] {
  const found = expandHostRange(pattern, maxInventoryMachines)
  if (!('why' in found)) return found.texts
  problem(found.why)
  return []
}

function checkMembers(head: string, workers: readonly string[], problem: (text: string, message: string) => void): void {
  const seen = new Set([head.toLowerCase()])
  for (const name of workers) {
    if (!MachineName.safeParse(name).success) problem(name, `${JSON.stringify(name.slice(0, 80))} is no name of a machine`)
    else if (seen.has(name.toLowerCase())) problem(name, `${name} is in the cluster twice; head and workers name each machine once`)
    seen.add(name.toLowerCase())
  }
  if (seen.size > maxInventoryMachines) problem('', `a cluster has at most ${maxInventoryMachines} machines`)
}

/** Passwords in a file are neither used nor a reason to refuse the rest. */
function takeSecretsOut(yaml: YamlText): InventoryProblem[] {
  const machines = isRecord(yaml.value) ? yaml.value['machines'] : undefined
  if (!isRecord(machines)) return []
  const notes: InventoryProblem[] = []
  for (const [name, spec] of Object.entries(machines)) {
    for (const key of isRecord(spec) ? Object.keys(spec).filter(isSecretName) : []) {
      if (isRecord(spec)) delete spec[key]
      const message = `${key} was left out: passwords are not kept in files, they are asked for when they are needed`
      if (notes.length < 100) notes.push({ line: yaml.lineOf(['machines', name, key]), text: key, message })
    }
  }
  return notes
}

const issueKey = (path: (string | number)[], issue: z.core.$ZodIssue): (string | number)[] =>
  issue.code === 'unrecognized_keys' ? [...path, ...issue.keys.slice(0, 1)] : path

function plainIssue(path: readonly (string | number)[], issue: z.core.$ZodIssue): string {
  const where = path.join('.')
  if (issue.code === 'unrecognized_keys') {
    const known =
      path.length === 0
        ? Object.keys(ClusterFileForm.shape)
        : path[0] === 'machines'
          ? Object.keys(SpecInFile.shape)
          : Object.keys((path[0] === 'ray' ? RaySetup : ClusterPorts).shape)
    return `${issue.keys.map((key) => JSON.stringify(key.slice(0, 60))).join(', ')} is not known here; known are ${known.join(', ')}`
  }
  if (path.length === 0) return 'expected is a map with name:, head:, workers: and machines:'
  const isMissing = issue.code === 'invalid_type' && issue.message.includes('undefined')
  return isMissing ? `${where} is missing` : `${where}: ${issue.message}`
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The file of a cluster as it is, for `parseClusterFile`. It holds no secrets, ids or facts. Members whose machine is not among `machines` are left out. */
export function exportClusterFile(cluster: Cluster, machines: readonly Machine[]): string {
  const byId = new Map(machines.map((machine) => [machine.id, machine]))
  const members = cluster.members.flatMap(({ machineId, role }) => {
    const machine = byId.get(machineId)
    return machine ? [{ role, spec: specOf(machine) }] : []
  })
  const form = {
    name: cluster.name,
    engine: cluster.engine,
    ...(cluster.ray && { ray: cluster.ray }),
    service: cluster.service,
    ports: cluster.ports,
    head: members.find(({ role }) => role === 'head')?.spec.name,
    workers: members.filter(({ role }) => role === 'worker').map(({ spec }) => spec.name),
    machines: Object.fromEntries(members.map(({ spec }) => [spec.name, inFile(spec)])),
  }
  const head = '# A cluster of Shoal: `shoal cluster apply` makes it, and after a change brings it to what stands here.\n'
  return `${head}# It holds no passwords. Machines that are only named, and not described, are those of the inventory.\n${writeYaml(form)}`
}

function inFile(spec: MachineSpec): Record<string, unknown> {
  const isSaid = ([key, value]: [string, unknown]) =>
    key !== 'name' &&
    value !== undefined &&
    !(key === 'notes' && value === '') &&
    !(key === 'via' && value === 'ssh') &&
    !(['groups', 'tags'].includes(key) && Array.isArray(value) && value.length === 0)
  return Object.fromEntries(Object.entries(spec).filter(isSaid))
}
