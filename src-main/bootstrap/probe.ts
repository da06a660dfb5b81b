import type { MachineFacts } from '../contract/machines.ts'
import type { HostConnection } from '../ssh/host-connection.ts'
import { judgeLeftovers, type Known } from './leftovers-list.ts'
import { newMark, readFacts } from './probe-frame.ts'
import { parseGpus } from './probe-gpus.ts'
import { parseAddresses, parseListening } from './probe-network.ts'
import { probeScript } from './probe-script.ts'
import { parseHardware, parseLibc, parseLimits, parsePlace, parsePython, parseServices } from './probe-system.ts'

export type Wanted = {
  /** Where ours would lie there. @default `~/.shoal` */
  readonly folder?: string
  /** Ports that ours would listen on. All that somebody listens on are found, whichever they are. */
  readonly ports: readonly number[]
  readonly nowMs: () => number
  /** What of ours is in use there. @default every session whose daemons run */
  readonly known?: Known
}

const withinMs = 60_000

/**
 * Everything about a machine that decides whether a node can live there, found by one script that changes nothing. Takes about a second;
 * what hangs there, such as a network file system or a driver, is given up after some.
 * @throws ClusterError `bootstrap.failed` when the script does not run to its end, and what the connection throws
 */
export async function probeMachine(connection: HostConnection, wanted: Wanted): Promise<MachineFacts> {
  const mark = newMark()
  const begunAtMs = wanted.nowMs()
  let heardAtMs: number | undefined
  const { stdout, stderr } = await connection.script(probeScript, [mark, wanted.folder ?? ''], {
    timeoutMs: withinMs,
    onLine: (line) => {
      if (heardAtMs === undefined && line.includes(`${mark} clock `)) heardAtMs = wanted.nowMs()
    },
  })
  const endedAtMs = wanted.nowMs()
  const facts = readFacts(stdout, { mark, name: connection.target.name, stderr })
  const text = (key: string) => facts.first(key) ?? ''
  const folder = parsePlace(facts, 'folder')
  const temp = parsePlace(facts, 'temp')
  const shm = parsePlace(facts, 'shm')
  return {
    probedAtMs: endedAtMs,
    hostname: text('hostname'),
    user: text('user'),
    uid: /^\d+$/.test(text('uid')) ? Number(text('uid')) : -1,
    os: text('os') || text('kernel'),
    kernel: text('kernel'),
    arch: text('arch'),
    libc: parseLibc(facts),
    hasLibstdcxx: text('kernel').startsWith('Linux') ? facts.first('libstdcxx') !== undefined : null,
    ...parseHardware(facts),
    ...parseGpus(facts),
    folder: {
      path: text('folder'),
      isWritable: folder.isWritable,
      isExecutable: folder.isExecutable,
      freeBytes: folder.freeBytes,
      freeInodes: folder.freeInodes,
      fileSystem: folder.fileSystem,
    },
    temp: { path: text('temp'), isWritable: temp.isWritable, freeBytes: temp.freeBytes },
    shm: { exists: facts.first('shm') !== undefined, isWritable: shm.isWritable, sizeBytes: shm.sizeBytes, freeBytes: shm.freeBytes },
    clockSkewMs: clockSkew(text('clock'), { begunAtMs, heardAtMs: heardAtMs ?? endedAtMs }),
    limits: parseLimits(facts),
    listening: parseListening(facts),
    addresses: parseAddresses(facts),
    tools: Object.fromEntries(
      facts.all('tool').map((line) => {
        const [name = '', ...path] = line.split(' ')
        return [name, path.join(' ')]
      }),
    ),
    ...parsePython(facts),
    services: parseServices(facts),
    payloads: facts
      .all('payload')
      .filter((name) => /^[0-9a-f]{64}$/.test(name))
      .slice(0, 256),
    leftovers: judgeLeftovers(facts, wanted.known ?? { sessionFolders: [], payloads: [] }, wanted.known === undefined),
  }
}

/**
 * Its clock less ours, in ms. It said its time somewhere between our asking and our hearing; the middle is at most half of that wrong.
 * A busybox has whole seconds only: half a second is added on average.
 */
export function clockSkew(said: string, { begunAtMs, heardAtMs }: { begunAtMs: number; heardAtMs: number }): number {
  const digits = /^\d+/.exec(said)?.[0] ?? ''
  if (digits.length < 9) return 0
  const atMs = digits.length > 15 ? Number(digits.slice(0, -6)) : Number(digits) * 1_000 + 500
  return Math.round(atMs - (begunAtMs + heardAtMs) / 2)
}
