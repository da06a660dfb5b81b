import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { ClusterError } from '../base/errors.ts'
import { joinHostPort } from '../node/addresses.ts'
import { spawnDaemon } from '../session/daemon.ts'
import { type SessionLayout, sessionLayout } from '../session/layout.ts'
import { findRunning, type HeadRecord, type NodeRecord } from '../session/session-records.ts'
import { forgetOtherCluster, keepJoinToken, ownAuthority } from './join-token.ts'
import { rememberTempDir } from './known-temp-dirs.ts'
import { chooseHeadAddress, chooseNodeAddress, type OwnAddress } from './own-address.ts'
import { waitForHead } from './reach-head.ts'
import type { StartOptions } from './start-options.ts'
import { refuseForeignFolder, tempDirFlag } from './temp-dir.ts'

export type Daemon = { readonly name: 'head' | 'agent'; readonly child: ChildProcess; readonly logPath: string }

export type StartedSession = {
  readonly layout: SessionLayout
  readonly listen: OwnAddress
  /** `host:port` of the head. */
  readonly address: string
  readonly node: NodeRecord
  /** Undefined on a machine that joined. */
  readonly head: HeadRecord | undefined
  /** In the order in which they were started. */
  readonly daemons: readonly Daemon[]
}

/**
 * Starts the daemons of one temp dir and returns when they are ready; what had started is ended again when one is not.
 * @throws ClusterError `cluster.start-failed`, `auth.refused`, `head.unavailable`, `bad-argument`
 */
export async function startSession(options: StartOptions): Promise<StartedSession> {
  const layout = sessionLayout(options.tempDir)
  refuseForeignFolder(options.tempDir)
  refuseSecond(layout)
  const daemons: Daemon[] = []
  const start = { layout, options, daemons }
  try {
    return await (options.head ? startHead(start) : joinHead(start, options.address))
  } catch (error) {
    await Promise.all(daemons.map(endDaemon)) // ours, not all of this folder: somebody may have been quicker
    throw error
  }
}

function refuseSecond({ tempDir, headRecord, nodeRecord }: SessionLayout): void {
  const head = findRunning<HeadRecord>(headRecord)
  const running = head ?? findRunning<NodeRecord>(nodeRecord)
  if (!running) return
  throw new ClusterError(
    'cluster.start-failed',
    `a ${head ? 'head' : 'node'} runs in ${tempDir} already (pid ${running.pid}); stop it with "shoal stop${tempDirFlag(tempDir)}", or give another --temp-dir`,
    { details: { pid: running.pid, tempDir } },
  )
}

const endWithinMs = 5_000

type Start = { readonly layout: SessionLayout; readonly options: StartOptions; readonly daemons: Daemon[] }

async function startHead(start: Start): Promise<StartedSession> {
  const { layout, options, daemons } = start
  const listen = await chooseHeadAddress(options.nodeIpAddress)
  forgetOtherCluster(layout, ownAuthority(layout))
  rememberTempDir(layout.tempDir)
  await startDaemon(start, 'head', ['--listen', joinHostPort(listen.host, options.port)])
  await startDaemon(start, 'agent', ['--head', `unix:${layout.headSocket}`, '--is-head', ...agentArgs(options, listen)])
  const head = ready(findRunning<HeadRecord>(layout.headRecord), 'head', layout)
  return { layout, listen, address: head.address, head, node: ready(findRunning<NodeRecord>(layout.nodeRecord), 'agent', layout), daemons }
}

async function joinHead(start: Start, to: { host: string; port: number }): Promise<StartedSession> {
  const { layout, options, daemons } = start
  const address = joinHostPort(to.host, to.port)
  const token = keepJoinToken(layout, { file: options.joinTokenFile, headAddress: address })
  await waitForHead(to, address)
  const listen = await chooseNodeAddress(options.nodeIpAddress, to)
  rememberTempDir(layout.tempDir)
  await startDaemon(start, 'agent', ['--head', address, '--join-token-file', token, ...agentArgs(options, listen)])
  return { layout, listen, address, head: undefined, node: ready(findRunning<NodeRecord>(layout.nodeRecord), 'agent', layout), daemons }
}

function agentArgs({ agentPort, nodeName, resources, labels, objectStoreBytes }: StartOptions, listen: OwnAddress): string[] {
  return [
    ...['--listen', joinHostPort(listen.host, agentPort)],
    ...['--resources', JSON.stringify(resources), '--labels', JSON.stringify(labels)],
    ...(nodeName === undefined ? [] : ['--node-name', nodeName]),
    ...(objectStoreBytes === undefined ? [] : ['--object-store-memory', String(objectStoreBytes)]),
  ]
}

const logOf = ({ logDir }: SessionLayout, name: Daemon['name']): string => join(logDir, `${name}.log`)

async function startDaemon({ layout, options, daemons }: Start, name: Daemon['name'], args: readonly string[]): Promise<void> {
  const logPath = logOf(layout, name)
  // In the foreground they hold a pipe of ours, so that they end with us however we end.
  const { child } = await spawnDaemon({ name, args: ['--temp-dir', layout.tempDir, ...args], logPath, detached: !options.isBlocking })
  daemons.push({ name, child, logPath })
}

function ready<R>(record: R | undefined, name: Daemon['name'], layout: SessionLayout): R {
  if (record) return record
  throw new ClusterError('cluster.start-failed', `the ${name} ended as soon as it was ready; see ${logOf(layout, name)}`)
}

function endDaemon({ child }: Daemon): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), endWithinMs)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    child.ref()
    child.kill('SIGTERM')
  })
}
