import { ClusterError } from '../../../runtime/base/errors.ts'
import { UsageError } from '../../../runtime/cli/command.ts'
import { topics } from '../../contract/topics.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { sshFlags } from '../panel-flags.ts'
import type { PanelSession } from '../panel-session.ts'
import { onlyWord } from '../words/lists.ts'
import { sayMeanwhile } from '../words/say-meanwhile.ts'

export const shellOnMachine: PanelSubcommand = {
  name: 'shell',
  summary: 'a shell on a machine, on this terminal',
  usage: ['shoal machine shell NAME [--cd PATH]'],
  flags: { cd: { value: 'PATH', help: 'folder to begin in' }, ...sshFlags },
  notes: ['It ends when the shell there does, with the same exit code; no key is taken out of what you type.'],
  prepare({ values, words }) {
    const machine = onlyWord('machine shell', 'the name of a machine', words)
    const folder = values.find('cd')
    if (process.stdin.isTTY !== true || process.stdout.isTTY !== true)
      throw new UsageError(`machine shell needs a terminal; for one command there is shoal machine exec ${machine} -- COMMAND`)
    return async (context) => {
      const { panel, interrupts } = context
      const size = sizeOfTerminal()
      const input = { machine, ...size, ...(folder === undefined ? {} : { folder }) }
      const { terminalId } = await sayMeanwhile(context, `Connecting to ${machine}`, () =>
        panel.call('terminals.open', input, { signal: interrupts.signal }),
      )
      return useTerminal(context, terminalId)
    }
  },
}

const sizeOfTerminal = () => ({ cols: clamp(process.stdout.columns), rows: clamp(process.stdout.rows) })
const clamp = (count: number): number => Math.min(1_000, Math.max(1, count || 80))

/** Joins this terminal and that one until the shell there ends. */
function useTerminal({ panel, interrupts }: Context, terminalId: string): Promise<number> {
  const { stdin, stdout } = process
  const sender = createSender(panel, terminalId)
  return new Promise<number>((resolve, reject) => {
    const resize = () => void panel.call('terminals.resize', { terminalId, ...sizeOfTerminal() }).catch(() => {}) // the next one tells again
    const release = interrupts.take(() => end(exitCodes.interrupted)) // asked to end from outside: keys come as bytes
    const type = (data: Buffer) => sender.send(data)
    const subscription = panel.subscribe(`terminal/${terminalId}`, (event) => {
      const seen = topics.terminal.event.parse(event)
      if (seen.type === 'data') return void stdout.write(Buffer.from(seen.data, 'base64')) // a terminal's orders are what it is for
      if (seen.code === null) return end(new ClusterError('ssh.connection-lost', seen.message ?? 'the shell ended without an exit code'))
      return end(seen.code)
    })
    sender.onFailure = (error) => end(error)
    function end(result: number | Error): void {
      subscription.close()
      release()
      process.off('SIGWINCH', resize)
      stdin.off('data', type).setRawMode(false).pause()
      void panel.call('terminals.close', { terminalId }).catch(() => {}) // it has ended
      if (result instanceof Error) reject(result)
      else resolve(result)
    }
    process.on('SIGWINCH', resize)
    stdin.setRawMode(true).resume().on('data', type)
    resize() // what changed while it was opened
  })
}

/** Sends what was typed in order: one call at a time, and what comes meanwhile goes with the next. */
function createSender(panel: PanelSession, terminalId: string) {
  const decoder = new TextDecoder()
  const atOnce = 256 * 1024
  let waiting = ''
  let isSending = false
  const sender = {
    onFailure: (_error: Error): void => {},
    send(data: Buffer): void {
      waiting += decoder.decode(data, { stream: true })
      if (!isSending) void flush()
    },
  }
  async function flush(): Promise<void> {
    isSending = true
    try {
      while (waiting !== '') {
        const data = waiting.slice(0, atOnce)
        waiting = waiting.slice(atOnce)
        await panel.call('terminals.write', { terminalId, data })
      }
    } catch (error) {
      waiting = ''
      sender.onFailure(error instanceof Error ? error : new Error(String(error)))
    } finally {
      isSending = false
    }
  }
  return sender
}
