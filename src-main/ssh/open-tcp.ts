import { connect, type Socket } from 'node:net'
import { dialCancelled, noAnswer, tcpFailed } from './dial-errors.ts'
import type { SshTarget } from './host-connection.ts'

export type OpenOptions = { readonly limitMs: number; readonly signal?: AbortSignal }

/** A TCP connection to the port of a host's SSH server. @throws ClusterError `ssh.unreachable` saying why not */
export function openTcp(target: SshTarget, { limitMs, signal }: OpenOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const host = target.host.replace(/^\[(.*)\]$/, '$1')
    // Node gives each address of a name 250 ms by default, which is less than a far host needs.
    const socket = connect({ host, port: target.port, autoSelectFamilyAttemptTimeout: 3_000 })
    const settle = (act: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      socket.removeAllListeners()
      socket.on('error', () => {}) // whoever takes it over listens for himself; one that comes in between is no crash
      act()
    }
    const giveUp = (error: Error) =>
      settle(() => {
        socket.destroy()
        reject(error)
      })
    const onAbort = () => giveUp(dialCancelled(target))
    const timer = setTimeout(() => giveUp(noAnswer(target, limitMs)), limitMs)
    signal?.addEventListener('abort', onAbort, { once: true })
    socket.once('error', (error) => giveUp(tcpFailed(target, error)))
    socket.once('connect', () =>
      settle(() => {
        socket.setNoDelay(true) // without it, small writes wait for the answer to the one before: 1 MiB/s instead of 100
        resolve(socket)
      }),
    )
  })
}
