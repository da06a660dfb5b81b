import type { PseudoTtyOptions } from 'ssh2'
import { ClusterError } from '../../runtime/base/errors.ts'
import type { ShellOptions, ShellSession } from './host-connection.ts'
import type { Exit, Session, SshLink } from './ssh-link.ts'

/** Typed ahead of what the host takes, at most. */
const maxUnsentBytes = 4 * 1024 * 1024
/** A terminal that has ended and whose output nobody reads counts as ended after this long. */
const unreadMs = 1_000

export async function openShell(link: SshLink, options: ShellOptions): Promise<ShellSession> {
  const pty: PseudoTtyOptions = { cols: options.cols, rows: options.rows, term: options.term ?? 'xterm-256color' }
  const { command } = options
  const session = await link.openSession((client, done) =>
    command === undefined ? client.shell(pty, done) : client.exec(command, { pty }, done),
  )
  const { channel } = session
  const ended = whenEnded(link, session)
  void ended.finally(session.release)
  return {
    output: channel,
    ended,
    write(data) {
      if (channel.writableLength > maxUnsentBytes) {
        throw new ClusterError(
          'link.overloaded',
          `${link.target.name} does not take what is typed: ${channel.writableLength} bytes wait. Wait a little, or close the terminal.`,
        )
      }
      if (channel.writable) channel.write(data)
    },
    resize(cols, rows) {
      channel.setWindow(rows, cols, 0, 0)
    },
    close() {
      channel.destroy()
      channel.resume()
    },
  }
}

function whenEnded(link: SshLink, { channel, exit }: Session): Promise<Exit> {
  return new Promise((resolve) => {
    const end = () => resolve(exit() ?? { code: null, signal: null })
    const stopListening = link.onDown(end)
    const onExit = () => setTimeout(end, unreadMs).unref()
    if (exit()) onExit()
    else channel.once('exit', onExit)
    channel.once('close', () => {
      stopListening()
      end()
    })
  })
}
