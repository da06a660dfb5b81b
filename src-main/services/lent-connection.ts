import type { HostConnection } from '../ssh/host-connection.ts'

/** A connection that others use too: whoever borrows it may close it, and only gives it back by that. */
export function lend(connection: HostConnection): HostConnection {
  return {
    target: connection.target,
    exec: (command, options) => connection.exec(command, options),
    script: (text, args, options) => connection.script(text, args, options),
    upload: (localPath, remotePath, options) => connection.upload(localPath, remotePath, options),
    openTunnel: (host, port) => connection.openTunnel(host, port),
    openShell: (options) => connection.openShell(options),
    closed: connection.closed,
    close() {}, // the pool closes it when nobody uses it
  }
}
