import type { Command } from './command.ts'
import { holdForeground } from './hold-foreground.ts'
import { readStartOptions, startFlags } from './start-options.ts'
import { type StartedSession, startSession } from './start-session.ts'
import { isDefaultTempDir, tempDirFlag } from './temp-dir.ts'
import { tokenFileOf } from '../session/api-tokens.ts'

export const start: Command = {
  name: 'start',
  summary: 'Starts the head of a cluster with a node on this machine, or joins this machine to a cluster.',
  usage: ['shoal start --head [flags]', 'shoal start --address HOST:PORT --join-token-file FILE [flags]'],
  flags: startFlags,
  notes: [
    'Everything between machines is encrypted; a machine joins with a token that the head keeps in <temp dir>/head/join-token.',
    'Two ports are to be open: that of the head (--port) and one for each node (--agent-port).',
  ],
  examples: ['shoal start --head --node-ip-address 10.0.0.5', 'SHOAL_JOIN_TOKEN=shoal1.… shoal start --address 10.0.0.5:6379'],
  prepare(values) {
    const options = readStartOptions(values)
    return async (terminal) => {
      const session = await startSession(options)
      const ended = options.isBlocking ? holdForeground(session, terminal) : 0 // first, as who reads that we are ready may interrupt us
      terminal.print(terminal.isJson ? JSON.stringify(describe(session)) : explain(session))
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
    api: head?.apiAddress
      ? { address: `http://${head.apiAddress}`, tokenFile: tokenFileOf(layout, 'full'), readTokenFile: tokenFileOf(layout, 'read') }
      : null,
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

/** Tokens are named by their files: what is printed ends in logs and on screens. */
function explainApi({ layout, address }: StartedSession, apiAddress: string): string[] {
  const token = tokenFileOf(layout, 'full')
  return [
    '',
    `HTTP API at http://${apiAddress}, which is also that of a Ray head; the token is in ${token}`,
    `(one that may only read: ${tokenFileOf(layout, 'read')}). On this machine the shoal command finds both. Ray's own command:`,
    `  export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=${token} RAY_API_SERVER_ADDRESS=http://${apiAddress} RAY_ADDRESS=${address}`,
    `From another machine: ssh -N -L ${portOf(apiAddress)}:${apiAddress} THIS-MACHINE`,
  ]
}

const portOf = (hostPort: string): string => hostPort.slice(hostPort.lastIndexOf(':') + 1)

function explain(session: StartedSession): string {
  const { layout, listen, address, node, head } = session
  const env = Object.entries(programEnv(layout.tempDir)).map(([name, value]) => `${name}=${value}`)
  const joining = [
    '',
    `Another machine joins with the token in ${layout.joinToken} (shoal token${tempDirFlag(layout.tempDir)} prints it):`,
    `  shoal start --address ${address} --join-token-file FILE`,
    `  or with the token in the variable SHOAL_JOIN_TOKEN instead of a file`,
  ]
  return [
    head ? `Started a head at ${address} and a node beside it.` : `Joined the cluster at ${address}.`,
    ...(head ? [`  head   ${address}, pid ${head.pid}`] : []),
    `  node   ${node.agentAddress}, pid ${node.pid}, id ${node.nodeId.slice(0, 8)}`,
    `  files  ${layout.tempDir}, logs in ${layout.logDir}`,
    `Listens on ${listen.host}: ${listen.why}.`,
    ...(head ? joining : []),
    ...(head?.apiAddress ? explainApi(session, head.apiAddress) : []),
    '',
    'A program on this machine joins with:',
    `  ${env.join(' ')} shoal run program.ts`,
    `Look at it with: shoal status${tempDirFlag(layout.tempDir)}    End it with: shoal stop${tempDirFlag(layout.tempDir)}`,
  ].join('\n')
}
