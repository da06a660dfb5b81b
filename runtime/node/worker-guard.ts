import { type ChildProcess, spawn } from 'node:child_process'
import type { Logger } from '../base/logger.ts'

/**
 * Reads `+ PID` and `- PID`. When the agent's end of the pipe closes, it ends the process groups that are left and removes the store's
 * folder, unless a next agent has taken it over meanwhile. Plain `sh`: the only program that every target has, and 1 MB of memory.
 */
const script = `trap '' INT TERM HUP
pids=' '
while read -r order pid; do
  case $order in
    +) pids="$pids$pid " ;;
    -) case $pids in *" $pid "*) pids="\${pids%% $pid *} \${pids#* $pid }" ;; esac ;;
  esac
done
for pid in $pids; do kill -9 "-$pid" 2>/dev/null; done
owner=
[ -r "$2/owner.json" ] && read -r owner < "$2/owner.json"
case $owner in *'"pid":'"$1",*) rm -rf "$2" ;; esac`

const restartAfterMs = 1_000

/**
 * A process beside the agent that cleans up when the agent is killed: a worker whose user code computes does not see that its link
 * closed, and shared memory belongs to no process.
 */
export class WorkerGuard {
  readonly #storeDirectory: string
  readonly #logger: Logger
  readonly #pids = new Set<number>()
  #child: ChildProcess | undefined
  #restart: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: { storeDirectory: string; logger: Logger }) {
    this.#storeDirectory = options.storeDirectory
    this.#logger = options.logger
    this.#start()
  }

  add(pid: number): void {
    this.#pids.add(pid)
    this.#child?.stdin?.write(`+ ${pid}\n`)
  }

  remove(pid: number): void {
    if (this.#pids.delete(pid)) this.#child?.stdin?.write(`- ${pid}\n`)
  }

  /** Call when every worker has ended. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#restart)
    this.#child?.stdin?.end()
  }

  #start(): void {
    const child = spawn('/bin/sh', ['-c', script, 'shoal-guard', String(process.pid), this.#storeDirectory], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true, // what ends our process group, such as Ctrl-C, must not end it before us
    })
    this.#child = child
    child.stdin?.on('error', () => {}) // it ended: `exit` tells
    child.once('error', (error) => this.#logger.warn('guard.failed', { reason: error.message })) // without one, workers still end with their link
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined
      if (this.#isClosed) return
      this.#logger.warn('guard.ended', { pid: child.pid })
      this.#restart = setTimeout(() => this.#start(), restartAfterMs)
    })
    child.unref()
    for (const pid of this.#pids) child.stdin?.write(`+ ${pid}\n`)
  }
}
