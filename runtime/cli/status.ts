import { type Command, commonFlags, type Terminal } from './command.ts'
import { findLocalNode } from './find-node.ts'
import { formatStatus } from './format-status.ts'
import { openStatus } from './read-status.ts'
import { tempDirOf } from './temp-dir.ts'
import { parseAddress, parseDuration } from './values.ts'

const shortestIntervalMs = 100
const clearScreen = '\u001b[2J\u001b[H'

export const status: Command = {
  name: 'status',
  summary: 'Shows the nodes of a cluster, what they have and use, and what waits for them. A node of it must run on this machine.',
  usage: ['shoal status [--temp-dir DIR] [--address HOST:PORT] [--json] [--watch]'],
  flags: {
    ...commonFlags,
    address: { value: 'HOST:PORT', help: 'of the head, where nodes of several clusters run on this machine' },
    watch: { help: 'again and again, until Ctrl-C; with --json one line each time' },
    interval: { value: 'DURATION', help: 'between two looks of --watch. Default: 2s' },
  },
  prepare(values) {
    const tempDir = tempDirOf(values)
    const isNamed = values.has('temp-dir')
    const address = values.find('address')
    if (address !== undefined) parseAddress('--address', address)
    const intervalMs = Math.max(shortestIntervalMs, parseDuration('--interval', values.find('interval') ?? '2s'))
    const isWatching = values.has('watch')
    return async (terminal) => {
      const source = await openStatus(findLocalNode(tempDir, { address, isNamed }))
      try {
        if (!isWatching) return show(terminal, await source.read())
        const pause = createPause(terminal)
        do {
          const read = await source.read()
          if (terminal.isInteractive && !terminal.isJson && process.env['TERM'] !== 'dumb') process.stdout.write(clearScreen)
          show(terminal, read)
        } while (await pause(intervalMs))
        return 0
      } finally {
        source.close()
      }
    }
  },
}

function show(terminal: Terminal, read: Parameters<typeof formatStatus>[0]): number {
  terminal.print(terminal.isJson ? JSON.stringify(read) : formatStatus(read))
  return 0
}

/** Waits; false once somebody has interrupted us. */
function createPause(terminal: Terminal): (ms: number) => Promise<boolean> {
  let isInterrupted = false
  let wake = () => {}
  terminal.onInterrupt(() => {
    isInterrupted = true
    wake()
  })
  return (ms) => {
    if (isInterrupted) return Promise.resolve(false)
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(true), ms)
      wake = () => {
        clearTimeout(timer)
        resolve(false)
      }
    })
  }
}
