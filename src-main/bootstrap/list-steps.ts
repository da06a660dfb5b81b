import { ClusterError } from '../../runtime/base/errors.ts'
import type { StepPlan, StepRef } from './core/state.ts'
import { extraSessions, foldersToEnd } from './extra-nodes.ts'
import { extraStartFlags, headAddress, startFlags } from './machine-flags.ts'
import type { MachineTarget, OperationInput } from './operation-input.ts'
import { archiveFile, payloadFolder } from './paths.ts'
import { rayWordsOf } from './ray/ray-words.ts'
import { dial } from './scripts/dial-script.ts'
import { prunePayloads, unpackPayload } from './scripts/payload-scripts.ts'
import { removeSession } from './scripts/remove-script.ts'
import { inTurn } from './scripts/shell-text.ts'
import { addService, removeService } from './scripts/service-scripts.ts'
import { showStatus, startNode, stopNode } from './scripts/session-scripts.ts'
import { serviceOf } from './steps/start.ts'

/** A step with what a plan says of it: what changes there, in plain words. */
export type PlannedStep = StepPlan & { readonly effect: string }

export type StepId =
  | 'connect'
  | 'probe'
  | 'upload'
  | 'unpack'
  | 'wheels'
  | 'ray'
  | 'network'
  | 'start'
  | 'verify'
  | 'extra-nodes'
  | 'samples'
  | 'service'
  | 'drain'
  | 'stop'
  | 'delete'
  | 'prune'
  | 'forget'

/** What is done on one machine, in order. The plan shows it and the operation runs it: there is no second list. */
export function listSteps(input: OperationInput, machine: MachineTarget): PlannedStep[] {
  return idsOf(input, machine).map((id) => describeStep(id, input, machine))
}

function idsOf({ kind, service, drainWithinMs, withSamples, ray, wheels }: OperationInput, machine: MachineTarget): StepId[] {
  const { role, isReachable, previousPayload, extraNodes = [] } = machine
  if (!isReachable) return kind === 'drain' ? ['drain'] : ['forget']
  const network: StepId[] = role === 'worker' ? ['network'] : []
  const atBoot: StepId[] = service === 'none' ? [] : ['service']
  const drain: StepId[] = drainWithinMs === undefined || role === 'head' ? [] : ['drain']
  const start: StepId[] = ['start', 'verify', ...(extraNodes.length === 0 ? [] : (['extra-nodes'] as const))]
  const samples: StepId[] = withSamples === true && role === 'head' ? ['samples'] : []
  const install: StepId[] = ray ? [...(wheels ? (['wheels'] as const) : []), 'ray'] : []
  const prune: StepId[] = previousPayload === null ? [] : ['prune']
  switch (kind) {
    case 'create':
    case 'add':
      return ['connect', 'probe', 'upload', 'unpack', ...install, ...network, ...start, ...atBoot, ...prune, ...samples]
    case 'drain':
      return ['drain']
    case 'restart':
      return ['connect', 'stop', ...start]
    case 'upgrade':
      return ['connect', 'upload', 'unpack', ...install, ...drain, 'stop', ...start, ...atBoot, 'prune']
    case 'remove':
      return ['connect', ...drain, 'stop', 'delete']
    case 'down':
      return ['connect', 'stop', 'delete']
  }
}

function describeStep(id: StepId, input: OperationInput, machine: MachineTarget): PlannedStep {
  const words = (input.ray && rayWordsOf(id, { input, machine, ray: input.ray })) ?? wordsOf(id, input, machine)
  return {
    id,
    ...words,
    command: words.command?.slice(0, 65_536) ?? null,
    needs: needsOf(id, input, machine),
    after: afterOf(id, input, machine),
    kind: id === 'upload' ? 'transfer' : id === 'unpack' ? 'unpack' : 'plain',
  }
}

/** A worker joins a head that is up; in an upgrade it also leaves the old one only then. */
function needsOf(id: StepId, input: OperationInput, machine: MachineTarget): StepRef[] {
  const { head, machines, kind } = input
  if (machine.role === 'head' || kind === 'down' || kind === 'remove') return []
  if (!machines.some(({ machineId }) => machineId === head.machineId)) return []
  const first = idsOf(input, machine).find((each) => each === 'network' || each === 'drain' || each === 'stop')
  return id === first ? [{ machineId: head.machineId, stepId: 'verify' }] : []
}

/** The head goes down when the workers have. */
function afterOf(id: StepId, { kind, machines }: OperationInput, { machineId, role }: MachineTarget): string[] {
  if (kind !== 'down' || role !== 'head' || id !== 'stop') return []
  return machines.filter((each) => each.machineId !== machineId).map((each) => each.machineId)
}

const isForGood = ({ kind }: OperationInput): boolean => kind === 'remove' || kind === 'down'

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MiB`

export type Words = { readonly title: string; readonly effect: string; readonly command: string | null }

// One case for each step: longer than a function should be, and easier to read than in pieces.
// oxlint-disable-next-line max-lines-per-function -- a table
function wordsOf(id: StepId, input: OperationInput, machine: MachineTarget): Words {
  const { name, root, payload, sessionFolder, machineId, role } = machine
  const place = { root, sha256: payload, machineId }
  const session = { root, sessionFolder, sha256: payload }
  const hashes = [payload, ...(machine.previousPayload === null ? [] : [machine.previousPayload])]
  const nodeIds = machine.nodeId === null ? [] : [machine.nodeId]
  const extra = extraSessions(machine)
  const start = { ...session, isHead: role === 'head', flags: startFlags(input, machine) }
  switch (id) {
    case 'connect':
      return {
        title: 'Connect',
        effect: machine.isLocal === true ? 'It is this computer: nothing to connect to.' : 'Opens one SSH connection. Changes nothing.',
        command: null,
      }
    case 'probe':
      return { title: 'Check the machine', effect: 'Looks again at what it has. Changes nothing.', command: null }
    case 'upload':
      return {
        title: 'Send the payload',
        effect: `Brings one archive of ${mebibytes(input.archiveBytes[payload] ?? 0)} to ${archiveFile(root, payload, machineId)}, unless its content is there already.`,
        command: null,
      }
    case 'unpack':
      return {
        title: 'Unpack and verify',
        effect: `Unpacks it to ${payloadFolder(root, payload)} and checks every file's checksum.`,
        command: unpackPayload(place),
      }
    case 'wheels':
    case 'ray':
      throw new ClusterError('internal', `${input.clusterName} is no cluster of Ray, whose steps say themselves what they do`)
    case 'network':
      return {
        title: 'Reach the head',
        effect: `Opens a connection to ${headAddress(input)} and closes it.`,
        command: dial({ ...place, host: input.head.nodeIp, port: input.ports.head }),
      }
    case 'start':
      return {
        title: role === 'head' ? 'Start the head and its node' : 'Start the node',
        effect: `Starts processes that go on without this computer${role === 'worker' ? ', and puts the join token there' : ''}. Files, logs and keys: ${sessionFolder}.`,
        command: startNode(start),
      }
    case 'verify':
      return { title: 'See it alive', effect: 'Asks the cluster whether it has the node. Changes nothing.', command: showStatus(session) }
    case 'extra-nodes':
      return {
        title: `Start ${extra.length} more ${extra.length === 1 ? 'node' : 'nodes'} on the same machine`,
        effect: `Starts ${extra.map((each) => each.name).join(', ')}, each with a share of its CPUs and memory. Files: ${extra.map((each) => each.sessionFolder).join(', ')}.`,
        command: inTurn(
          extra.map((each) =>
            startNode({
              root,
              sha256: payload,
              sessionFolder: each.sessionFolder,
              isHead: false,
              flags: extraStartFlags(input, machine, each),
            }),
          ),
        ),
      }
    case 'samples':
      return { title: 'Submit the sample jobs', effect: 'Sends the programs of examples/samples and starts each as a job.', command: null }
    case 'service':
      return {
        title: 'Have it come back after a reboot',
        effect: 'Adds a unit to the systemd of this user, or a line to its crontab.',
        command: input.service === 'none' ? null : addService(serviceOf(input, machine, input.service)),
      }
    case 'drain':
      return { title: 'Drain the node', effect: 'It gets no new work, finishes what it has, and leaves the cluster.', command: null }
    case 'stop':
      return {
        title: role === 'head' ? 'Stop the head and its node' : 'Stop the node',
        effect: isForGood(input)
          ? 'Ends its processes and takes away what starts them at boot.'
          : 'Ends its processes. What runs there is run again elsewhere, where it may be.',
        command: `${isForGood(input) ? removeService(input.clusterId) : ''}${inTurn(
          foldersToEnd(machine).map((folder) => stopNode({ root, sessionFolder: folder, hashes, clusterId: input.clusterId })),
        )}`,
      }
    case 'delete':
      return {
        title: 'Delete everything of ours',
        effect: `Deletes ${foldersToEnd(machine).join(', ')}, its sockets and shared memory, and payloads below ${root} that nothing else uses; lists all that went.`,
        command: inTurn(foldersToEnd(machine).map((folder) => removeSession({ root, sessionFolder: folder, nodeIds, hashes, machineId }))),
      }
    case 'prune':
      return {
        title: 'Delete the old payload',
        effect: 'Deletes the payload that it ran before, unless another cluster uses it.',
        command: machine.previousPayload === null ? null : prunePayloads(root, [machine.previousPayload]),
      }
    case 'forget':
      return {
        title: 'Forget the machine',
        effect: `Nothing is done on ${name}, as it cannot be reached. What stays there: ${sessionFolder}, ${payloadFolder(root, payload)}.`,
        command: null,
      }
  }
}
