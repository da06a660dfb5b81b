import type { Command, Terminal } from './command.ts'
import { holdForeground } from './hold-foreground.ts'
import { readStartOptions, startFlags } from './start-options.ts'
import { type StartedSession, startSession } from './start-session.ts'
import { isDefaultTempDir, tempDirFlag } from './temp-dir.ts'

export const start: Command = {
  name: 'start',
  summary: 'Starts the head of a cluster with a node on this machine, or joins this machine to a cluster.',
  usage: ['shoal start --head [flags]', 'shoal start --address HOST:PORT --join-token-file FILE [flags]'],
  flags: startFlags,
  notes: [
    'Everything between machines is encrypted; a machine joins with a token that the head keeps in <temp dir>/head/join-token.',
    'Two ports are to be open: that of the head (--port) and one for each node (--agent-port).',
  ],
  prepare(values) {
    const options = readStartOptions(values)
    return async (terminal) => {
      const session = await startSession(options)
      const ended = options.isBlocking ? holdForeground(session, terminal) : 0 // first, as who reads that we are ready may interrupt us
      terminal.print(terminal.isJson ? JSON.stringify(describe(session)) : explain(session, terminal))
      return ended
    }
  },
}

/** For programs; keys stay what they are. */
function describe({ layout, listen, address, node, head }: StartedSession): object {
  return {
    started: head ? 'head' : 'node',
    clusterId: node.clusterId,
    address,
    listen,
    tempDir: layout.tempDir,
    logDir: layout.logDir,
    head: head ? { pid: head.pid, address: head.address } : null,
    node: { pid: node.pid, nodeId: node.nodeId, address: node.agentAddress },
    joinTokenFile: head ? layout.joinToken : null,
    env: programEnv(layout.tempDir),
  }
}

/** What a program on this machine needs to find the node. */
const programEnv = (tempDir: string): Record<string, string> => ({
  SHOAL_ADDRESS: 'auto',
  ...(isDefaultTempDir(tempDir) ? {} : { SHOAL_TEMP_DIR: tempDir }),
})

function explain(session: StartedSession, { isInteractive }: Terminal): string {
  const { layout, listen, address, node, head } = session
  const bold = (text: string) => (isInteractive ? `\u001b[1m${text}\u001b[22m` : text)
  const env = Object.entries(programEnv(layout.tempDir)).map(([name, value]) => `${name}=${value}`)
  const joining = [
    '',
    `Another machine joins with the token in ${layout.joinToken} (shoal token${tempDirFlag(layout.tempDir)} prints it):`,
    `  ${bold(`shoal start --address ${address} --join-token-file FILE`)}`,
    `  or with the token in the variable SHOAL_JOIN_TOKEN instead of a file`,
  ]
  return [
    head ? `Started a head at ${bold(address)} and a node beside it.` : `Joined the cluster at ${bold(address)}.`,
    ...(head ? [`  head   ${address}, pid ${head.pid}`] : []),
    `  node   ${node.agentAddress}, pid ${node.pid}, id ${node.nodeId.slice(0, 8)}`,
    `  files  ${layout.tempDir}, logs in ${layout.logDir}`,
    `Listens on ${listen.host}: ${listen.why}.`,
    ...(head ? joining : []),
    '',
    'A program on this machine joins with:',
    `  ${bold(`${env.join(' ')} shoal run program.ts`)}`,
    `Look at it with: shoal status${tempDirFlag(layout.tempDir)}    End it with: shoal stop${tempDirFlag(layout.tempDir)}`,
  ].join('\n')
}
