// A cluster that is attacked, and all the ways into it. Imported by the programs that attack it, each of which gets one of its own.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as shoal from 'shoal'
import { obtainIdentity } from '#runtime/node/agent-identity.ts'
import { readIdentity } from '#runtime/session/identity-file.ts'
import { makeSessionFolders, sessionLayout } from '#runtime/session/layout.ts'
import { findRunning, type NodeRecord } from '#runtime/session/session-records.ts'
import { createClusterAuthority, createKeyPair, issueNodeCertificate } from '#runtime/transport/certificates.ts'
import { until } from '../support/checks.ts'
import { startCluster } from '../support/cluster.ts'
import { type Door, openTls, openUnix, placeOf } from './doors.ts'

/** Printed with a failure by fast-check; set it to run the same inputs again. */
export const seed = Number(process.env['SHOAL_SEED'] ?? Date.now() % 1_000_000)
export const runs = (numRuns: number) => ({ numRuns, seed, endOnFailure: true })

let ownLog = ''
const toTerminal = process.stderr.write.bind(process.stderr)
process.stderr.write = ((chunk: string | Uint8Array) => {
  ownLog += String(chunk)
  return true
}) as typeof process.stderr.write // the driver's log: it has no file

export const cluster = await startCluster({ nodes: [{ cpus: 1 }, { cpus: 1 }] })
const scratch = mkdtempSync(join(tmpdir(), 'shoal-stranger-'))
export const here = cluster.nodes[0] ?? assert.fail('no node')
export const { layout } = here
export const agentAddress = findRunning<NodeRecord>(layout.nodeRecord)?.agentAddress ?? assert.fail('no agent')
await shoal.init({ address: cluster.address, tempDir: cluster.tempDir })
export const triple = shoal.remote((value: number) => value * 3)
assert.equal(await shoal.get(triple.remote(1)), 3)

const strangerLayout = sessionLayout(scratch)
makeSessionFolders(strangerLayout)
/** A certificate of this cluster whose node never registered. */
export const stranger = await obtainIdentity({
  layout: strangerLayout,
  head: { kind: 'tls', ...placeOf(cluster.address) },
  version: 'test',
  joinTokenFile: layout.joinToken,
})
export const foreign = foreignIdentity()

const readLog = (name: string) => readFileSync(join(layout.logDir, name), 'utf8')
const workerSocket = (): string => {
  const name = readdirSync(layout.socketDir).find((file) => file.startsWith('w-')) ?? assert.fail('no worker')
  return join(layout.socketDir, name)
}
const driverSocket = join(layout.socketDir, readdirSync(layout.socketDir).find((file) => file.startsWith('d-')) ?? assert.fail('no driver'))
/** One that gets its final name while they are read is missing once; whoever waits for a line looks again. */
const workerLogs = () =>
  readdirSync(layout.logDir)
    .filter((file) => file.startsWith('worker-'))
    .map((file) => {
      try {
        return readLog(file)
      } catch {
        return '' // renamed since it was listed
      }
    })
    .join('')

export const headUnix: Door = { name: "the head's unix socket", open: () => openUnix(layout.headSocket), log: () => readLog('head.log') }
export const headTls: Door = { name: "the head's port", open: () => openTls(cluster.address, stranger), log: () => readLog('head.log') }
export const agentUnix: Door = { name: "an agent's unix socket", open: () => openUnix(layout.agentSocket), log: () => readLog('agent.log') }
export const agentTls: Door = { name: "an agent's port", open: () => openTls(agentAddress, stranger), log: () => readLog('agent.log') }
export const worker: Door = { name: "a worker's socket", open: () => openUnix(workerSocket()), log: workerLogs }
export const driver: Door = { name: "a driver's socket", open: () => openUnix(driverSocket), log: () => ownLog }
export const doors = [headUnix, headTls, agentUnix, agentTls, worker, driver]

export const someId = (digit: string) => digit.repeat(56)
const refusedLines = (door: Door): number => door.log().split('"event":"link.refused"').length - 1

/** Runs `attack`, and waits until the process behind the door has logged as many refusals as it was given reasons for. */
export async function isLogged(door: Door, attack: () => Promise<unknown>, reason: RegExp, count = 1): Promise<void> {
  const before = door.log().length
  const linesBefore = refusedLines(door)
  await attack()
  await until(`${door.name} logs ${count} refusals`, () => refusedLines(door) >= linesBefore + count, 10_000)
  const fresh = door.log().slice(before)
  assert.match(fresh, reason, `${door.name} logged:\n${fresh}`)
}

/** The same processes still serve. */
export const pids = [cluster.headPid, ...cluster.nodes.map((node) => node.pid)]
export async function nothingElseHappened(): Promise<void> {
  assert.equal(await shoal.get(triple.remote(5)), 15)
  for (const pid of pids) assert.ok(process.kill(pid, 0))
  const alive = await shoal.nodes()
  assert.equal(alive.filter((node) => node.alive).length, 2)
}

/** Ends the cluster. */
export async function endAttack(): Promise<void> {
  await shoal.shutdown()
  await cluster.stop()
  rmSync(scratch, { recursive: true, force: true })
  process.stderr.write = toTerminal
}

function foreignIdentity() {
  const authority = createClusterAuthority()
  const { publicKeyPem, privateKeyPem } = createKeyPair()
  const nodeId = readIdentity(layout.identityDir).nodeId
  return {
    nodeId,
    caCertPem: authority.caCertPem,
    certPem: issueNodeCertificate(authority, { nodeId, role: 'agent', publicKeyPem }),
    keyPem: privateKeyPem,
  }
}
