import { ClusterError, toError } from '../../../runtime/base/errors.ts'
import { archiveFile } from '../paths.ts'
import { findPayload, unpackPayload } from '../scripts/payload-scripts.ts'
import { fetchArchive } from '../scripts/peer-scripts.ts'
import { done, NotFetched, runScript, skipped, type StepContext, type StepEnd, tryScript } from './step-context.ts'

const fetchTimeoutMs = 30 * 60_000
const unpackTimeoutMs = 10 * 60_000

/** Brings the archive there, from here or from a machine that has it, unless its content lies there unpacked. */
export async function transferPayload(context: StepContext): Promise<StepEnd> {
  const { machine, source } = context
  const place = { root: machine.root, sha256: machine.payload, machineId: machine.machineId }
  const found = await runScript(context, findPayload(place), { isQuiet: true })
  if (/^there$/m.test(found)) return skipped('payload is there')
  if (source === null || source === 'here') return uploadArchive(context)
  return fetchFromPeer(context, source.peer)
}

async function uploadArchive(context: StepContext): Promise<StepEnd> {
  const { machine, io, signal } = context
  const archive = await io.payloadFor(machine.arch)
  if (archive.sha256 !== machine.payload) {
    throw new ClusterError(
      'bootstrap.failed',
      `${machine.name} was to get payload ${machine.payload.slice(0, 12)}, but this computer has ${archive.sha256.slice(0, 12)} now: it was built anew since. Plan it again.`,
    )
  }
  const { root, machineId } = machine
  let sentFrom: number | undefined
  const connection = await context.connection()
  await connection.upload(archive.path, archiveFile(root, archive.sha256, machineId), {
    sha256: archive.sha256,
    sizeBytes: archive.sizeBytes,
    signal,
    onProgress: (doneBytes) => {
      sentFrom ??= doneBytes
      context.progress(doneBytes, archive.sizeBytes, 'bytes')
    },
  })
  return done(sentFrom !== undefined && sentFrom > 0 ? `sent from here, ${sentFrom} bytes were there already` : 'sent from here')
}

async function fetchFromPeer(context: StepContext, peerId: string): Promise<StepEnd> {
  const { machine, peers, input } = context
  const peer = input.machines.find(({ machineId }) => machineId === peerId)
  if (!peer) throw new NotFetched(`there is no machine ${peerId} to fetch from`)
  const { root, payload: sha256, machineId } = machine
  try {
    const { port, path } = await peers.serve(peer, context.connection(peerId))
    const { code, stderr } = await tryScript(context, fetchArchive({ root, sha256, machineId, host: peer.nodeIp, port, path }), {
      timeoutMs: fetchTimeoutMs,
    })
    if (code === 0) return done(`fetched from ${peer.name}`)
    throw new NotFetched(stderr.trim().split('\n').slice(-2).join('; ').slice(-500))
  } catch (error) {
    if (context.signal.aborted) throw error
    throw new NotFetched(`not fetched from ${peer.name}: ${toError(error).message}`)
  }
}

/** Unpacks and verifies, and runs its Node once: a machine where it cannot run says so here, not at the start. */
export async function unpack(context: StepContext): Promise<StepEnd> {
  const { machine } = context
  const script = unpackPayload({ root: machine.root, sha256: machine.payload, machineId: machine.machineId })
  const said = await runScript(context, script, { timeoutMs: unpackTimeoutMs, isQuiet: true })
  return /^unpacked$/m.test(said) ? done() : skipped('payload is there')
}
