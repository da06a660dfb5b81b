import type { RaySetup } from '../../contract/ray-setup.ts'
import type { StepId, Words } from '../list-steps.ts'
import type { MachineTarget, OperationInput } from '../operation-input.ts'
import { inTurn } from '../scripts/shell-text.ts'
import { removeService } from '../scripts/service-scripts.ts'
import { prunePayloads } from '../scripts/payload-scripts.ts'
import { installRay } from './install-script.ts'
import { listRayNodes, pruneRay, startRay, stopRay } from './node-scripts.ts'
import { rayEnvironment, wheelsFile } from './ray-paths.ts'

type Wanted = { readonly input: OperationInput; readonly machine: MachineTarget; readonly ray: RaySetup }

/** What a plan says of the steps that are others where the cluster is one of Ray; undefined: as in one of ours. */
export function rayWordsOf(id: StepId, { input, machine, ray }: Wanted): Words | undefined {
  const { sessionFolder, role, previousPayload, root } = machine
  const { wheels, head, ports, clusterId, kind } = input
  const environment = rayEnvironment(sessionFolder, ray.version)
  const isForGood = kind === 'remove' || kind === 'down'
  switch (id) {
    case 'wheels':
      return {
        title: 'Send the wheels',
        effect: `Brings the wheels of ${ray.wheels ?? ''} as one archive of ${((wheels?.sizeBytes ?? 0) / 1024 / 1024).toFixed(0)} MiB, unless they are installed there already.`,
        command: null,
      }
    case 'ray':
      return {
        title: `Install Ray ${ray.version}`,
        effect: `Makes a Python environment in ${environment}, from ${wheels ? 'these wheels alone' : 'the package index that pip or uv there is set to'}. Nothing else of its Python is changed.`,
        command: installRay({ sessionFolder, ray, wheels: wheels ? { path: wheelsFile(sessionFolder), sha256: wheels.sha256 } : null }),
      }
    case 'start':
      return {
        title: role === 'head' ? 'Start Ray’s head' : 'Start Ray’s node',
        effect: `Starts Ray, which goes on without this computer${role === 'head' ? ', makes its token, and shows its dashboard on loopback alone' : ', and puts the token there'}. Files and keys: ${sessionFolder}.`,
        command: startRay(input, machine, ray.version),
      }
    case 'verify':
      return {
        title: 'See it alive',
        effect: 'Asks Ray’s head whether it has the node. Changes nothing.',
        command: listRayNodes(head, ports.api),
      }
    case 'stop':
      return {
        title: role === 'head' ? 'Stop Ray’s head' : 'Stop Ray’s node',
        effect: `Ends the Ray of this cluster${isForGood ? ', and takes away what starts it at boot' : ''}. No other Ray there is touched.`,
        command: inTurn([...(isForGood ? [removeService(clusterId)] : []), stopRay(machine, clusterId)]),
      }
    case 'prune':
      return {
        title: 'Delete what it ran before',
        effect: 'Deletes the environments of other versions of Ray, and the payload that it had, unless another cluster uses it.',
        command: inTurn([pruneRay(machine, ray.version), ...(previousPayload === null ? [] : [prunePayloads(root, [previousPayload])])]),
      }
    default:
      return undefined
  }
}
