import { type Command, commonFlags, type Terminal } from './command.ts'
import { endSessions, type Ended } from './end-session.ts'
import { listKnownTempDirs } from './known-temp-dirs.ts'
import { tempDirOf } from './temp-dir.ts'
import { parseDuration } from './values.ts'

export const stop: Command = {
  name: 'stop',
  summary: 'Ends what was started on this machine in one temp dir. Other clusters of this user go on.',
  usage: ['shoal stop [--temp-dir DIR | --all] [--grace 5s]'],
  flags: {
    ...commonFlags,
    all: { help: 'every temp dir of this user on this machine' },
    grace: { value: 'DURATION', help: 'how long a process may take before it is killed. Default: 5s' },
  },
  prepare(values) {
    const chosen = tempDirOf(values)
    const graceMs = parseDuration('--grace', values.find('grace') ?? '5s')
    const isAll = values.has('all')
    return async (terminal) => {
      const tempDirs = isAll ? [...new Set([...listKnownTempDirs(), chosen])] : [chosen]
      report(terminal, await endSessions(tempDirs, graceMs), isAll ? 'of this user on this machine' : `with its files in ${chosen}`)
      return 0
    }
  },
}

function report(terminal: Terminal, ended: readonly Ended[], where: string): void {
  if (terminal.isJson) return terminal.print(JSON.stringify({ stopped: ended }))
  if (ended.length === 0) return terminal.print(`Nothing runs ${where}.`)
  for (const { role, pid, how, tempDir } of ended) {
    terminal.print(
      `${how === 'ended' ? 'Stopped' : 'Killed'} the ${role} (pid ${pid}) of ${tempDir}${how === 'ended' ? '' : ': it did not end in time'}.`,
    )
  }
}
