import { readFileSync } from 'node:fs'
import { ClusterError } from '../base/errors.ts'
import { sessionLayout } from '../session/layout.ts'
import { type Command, commonFlags } from './command.ts'
import { tempDirOf } from './temp-dir.ts'

export const token: Command = {
  name: 'token',
  summary: 'Prints the join token of the cluster whose head has its files on this machine. It is a secret: who has it can join.',
  usage: ['shoal token [--temp-dir DIR]'],
  flags: commonFlags,
  prepare(values) {
    const tempDir = tempDirOf(values)
    return async (terminal) => {
      const file = sessionLayout(tempDir).joinToken
      const text = readToken(file, tempDir)
      terminal.print(terminal.isJson ? JSON.stringify({ token: text, file }) : text)
      return 0
    }
  },
}

function readToken(file: string, tempDir: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new ClusterError(
      'cluster.not-found',
      `no head that others can join has its files in ${tempDir}; run this on the head's machine, or give its --temp-dir`,
      { cause },
    )
  }
}
