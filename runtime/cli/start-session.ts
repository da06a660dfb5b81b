import type { ChildProcess } from 'node:child_process'
import { ClusterError } from '../base/errors.ts'
import { joinHostPort } from '../node/addresses.ts'
import { type SessionLayout, sessionLayout } from '../session/layout.ts'
import { endDaemon, logPathOf, nodeFlags, startDaemon } from '../session/start-daemon.ts'
import { findRunning, type HeadRecord, type NodeRecord } from '../session/session-records.ts'
import { forgetOtherCluster, keepJoinToken, ownAuthority } from './join-token.ts'
import { rememberTempDir } from './known-temp-dirs.ts'
import { chooseHeadAddress, chooseNodeAddress, type OwnAddress } from './own-address.ts'
import { waitForHead } from './reach-head.ts'
import type { ApiOptions, StartOptions } from './start-options.ts'
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
    return await (options.head ? startHead(start, options.api) : joinHead(start, options.address))
  } catch (error) {
    await Promise.all(daemons.map(({ child }) => endDaemon(child, 'SIGTERM'))) // ours, not all of this folder: somebody may have been quicker
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

type Start = { readonly layout: SessionLayout; readonly options: StartOptions; readonly daemons: Daemon[] }

async function startHead(start: Start, api: ApiOptions | null): Promise<StartedSession> {
  const { layout, options, daemons } = start
  const listen = await chooseHeadAddress(options.nodeIpAddress)
  forgetOtherCluster(layout, ownAuthority(layout))
  rememberTempDir(layout.tempDir)
  await launch(start, 'head', ['--listen', joinHostPort(listen.host, options.port), ...apiArgs(api)])
  await launch(start, 'agent', ['--head', `unix:${layout.headSocket}`, '--is-head', ...agentArgs(options, listen)])
  const head = ready(findRunning<HeadRecord>(layout.headRecord), 'head', layout)
  return { layout, listen, address: head.address, head, node: ready(findRunning<NodeRecord>(layout.nodeRecord), 'agent', layout), daemons }
}

const defaultApiPort = 8265

function apiArgs(api: ApiOptions | null): string[] {
  if (api === null) return []
  return [
    ...['--dashboard-host', api.host, '--dashboard-port', String(api.port ?? defaultApiPort)],
    ...(api.port === undefined ? ['--dashboard-any-port'] : []),
    ...(api.allowedHosts.length === 0 ? [] : ['--dashboard-allowed-hosts', api.allowedHosts.join(',')]),
  ]
}

async function joinHead(start: Start, to: { host: string; port: number }): Promise<StartedSession> {
  const { layout, options, daemons } = start
  const address = joinHostPort(to.host, to.port)
  const token = keepJoinToken(layout, { file: options.joinTokenFile, headAddress: address })
  await waitForHead(to, address)
  const listen = await chooseNodeAddress(options.nodeIpAddress, to)
  rememberTempDir(layout.tempDir)
  await launch(start, 'agent', ['--head', address, '--join-token-file', token, ...agentArgs(options, listen)])
  return { layout, listen, address, head: undefined, node: ready(findRunning<NodeRecord>(layout.nodeRecord), 'agent', layout), daemons }
}

function agentArgs({ agentPort, nodeName, resources, labels, objectStoreBytes }: StartOptions, listen: OwnAddress): string[] {
  return nodeFlags({ listen: joinHostPort(listen.host, agentPort), resources, labels, nodeName, objectStoreBytes })
}

async function launch({ layout, options, daemons }: Start, name: Daemon['name'], args: readonly string[]): Promise<void> {
  // In the foreground they hold a pipe of ours, so that they end with us however we end.
  const child = await startDaemon(layout, { name, args, detached: !options.isBlocking })
  daemons.push({ name, child, logPath: logPathOf(layout, name) })
}

function ready<R>(record: R | undefined, name: Daemon['name'], layout: SessionLayout): R {
  if (record) return record
  throw new ClusterError('cluster.start-failed', `the ${name} ended as soon as it was ready; see ${logPathOf(layout, name)}`)
}
