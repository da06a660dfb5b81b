import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { type DaemonName, spawnDaemon } from './daemon.ts'
import type { SessionLayout } from './layout.ts'

type OwnDaemon = Exclude<DaemonName, 'worker'>

export const logPathOf = ({ logDir }: SessionLayout, name: OwnDaemon): string => join(logDir, `${name}.log`)

/**
 * Starts a daemon with its files in a node's folder, and returns when it is ready.
 * @throws ClusterError `cluster.start-failed`
 */
export async function startDaemon(
  layout: SessionLayout,
  { name, args, detached }: { name: OwnDaemon; args: readonly string[]; detached: boolean },
): Promise<ChildProcess> {
  const { child } = await spawnDaemon({ name, args: ['--temp-dir', layout.tempDir, ...args], logPath: logPathOf(layout, name), detached })
  return child
}

export type NodeFlags = {
  /** `host:port`, or `none` for a node that no other reaches. */
  readonly listen: string
  readonly resources: Readonly<Record<string, number>>
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly objectStoreBytes?: number | undefined
  readonly nodeName?: string | undefined
}

/** What an agent is told of its node. */
export function nodeFlags({ listen, resources, labels, objectStoreBytes, nodeName }: NodeFlags): string[] {
  return [
    ...['--listen', listen, '--resources', JSON.stringify(resources)],
    ...(labels === undefined ? [] : ['--labels', JSON.stringify(labels)]),
    ...(nodeName === undefined ? [] : ['--node-name', nodeName]),
    ...(objectStoreBytes === undefined ? [] : ['--object-store-memory', String(objectStoreBytes)]),
  ]
}

const endWithinMs = 5_000

/** Asks a daemon of ours to end, by a signal or by closing the pipe that it watches; kills it when it takes longer than 5 s. */
export function endDaemon(child: ChildProcess, how: 'SIGTERM' | 'close-pipe'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), endWithinMs)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    child.ref()
    if (how === 'SIGTERM') child.kill('SIGTERM')
    else child.stdin?.end()
  })
}
