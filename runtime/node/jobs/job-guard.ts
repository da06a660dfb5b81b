import { type ChildProcess, spawn } from 'node:child_process'
import type { Logger } from '../../base/logger.ts'
import { markVariable, type ProcessTree } from './process-tree.ts'

/**
 * Reads `+ PID MARK` and `- PID MARK`. When the agent's end of the pipe closes, it ends the process groups that are left, and every
 * process that carries a mark. Plain `sh` and `grep`, of which every target has some.
 */
const script = `trap '' INT TERM HUP
runs=' '
while read -r order pid mark; do
  case $order in
    +) runs="$runs$pid=$mark " ;;
    -) case $runs in *" $pid=$mark "*) runs="\${runs%% $pid=$mark *} \${runs#* $pid=$mark }" ;; esac ;;
  esac
done
for run in $runs; do kill -9 "-\${run%%=*}" 2>/dev/null; done
[ "$runs" = ' ' ] && exit
for round in 1 2 3; do
  for file in /proc/[0-9]*/environ; do
    for run in $runs; do
      grep -qs "$1=\${run#*=}" "$file" && pid=\${file#/proc/} && kill -9 "\${pid%/environ}" 2>/dev/null
    done
  done
done`

const restartAfterMs = 1_000

/** A process beside the agent that ends what jobs have started when the agent itself is killed. Started with the first job. */
export class JobGuard {
  readonly #logger: Logger
  readonly #trees = new Map<string, number>()
  #child: ChildProcess | undefined
  #restart: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(logger: Logger) {
    this.#logger = logger
  }

  add({ root, mark }: ProcessTree): void {
    this.#trees.set(mark, root.pid)
    if (this.#child) this.#child.stdin?.write(`+ ${root.pid} ${mark}\n`)
    else this.#start()
  }

  remove({ root, mark }: ProcessTree): void {
    if (this.#trees.delete(mark)) this.#child?.stdin?.write(`- ${root.pid} ${mark}\n`)
  }

  /** Call when every job has ended. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#restart)
    this.#child?.stdin?.end()
  }

  #start(): void {
    clearTimeout(this.#restart) // a job came before its time was up
    const child = spawn('/bin/sh', ['-c', script, 'shoal-job-guard', markVariable], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true, // what ends our process group, such as Ctrl-C, must not end it before us
    })
    this.#child = child
    child.stdin?.on('error', () => {}) // it ended: `exit` tells
    child.once('error', (error) => this.#logger.warn('job-guard.failed', { reason: error.message }))
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined
      if (this.#isClosed) return
      this.#logger.warn('job-guard.ended', { pid: child.pid })
      this.#restart = setTimeout(() => this.#start(), restartAfterMs)
    })
    child.unref()
    for (const [mark, pid] of this.#trees) child.stdin?.write(`+ ${pid} ${mark}\n`)
  }
}
