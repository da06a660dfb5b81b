// Looks at the command lines and environments of all processes of this machine, those inside namespaces too, again and again until its
// standard input ends, and then prints every different one as a line of JSON. Of the folder named by its argument it prints as well which
// files and folders were ever open to others.
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'

const [, , watched = ''] = process.argv
const texts = new Set<string>()
const loose = new Set<string>()
/** How often each new process was looked at: it begins as its parent, and many live for a millisecond. */
const young = new Map<number, number>()
const youngLooks = 40
const pauseMs = 0.2
const sleeper = new Int32Array(new SharedArrayBuffer(4))
let isOver = false
let rounds = 0
let lastPid = newestPid()
process.stdin.resume().once('end', () => void (isOver = true))

/** Of all namespaces below ours, as we count. Pids are given out in order. */
function newestPid(): number {
  return Number(readFileSync('/proc/loadavg', 'latin1').trim().split(' ').at(-1))
}

function look(pid: number | string): void {
  for (const file of ['cmdline', 'environ']) {
    try {
      const text = readFileSync(`/proc/${pid}/${file}`, 'latin1')
      if (text !== '') texts.add(`${file} ${text}`)
    } catch {
      // it has ended
    }
  }
}

function lookAtYoung(): void {
  const newest = newestPid()
  if (newest > lastPid) for (let pid = Math.max(lastPid + 1, newest - 1_000); pid <= newest; pid += 1) young.set(pid, 0)
  lastPid = newest
  for (const [pid, looks] of young) {
    look(pid)
    if (looks < youngLooks) young.set(pid, looks + 1)
    else young.delete(pid)
  }
}

function lookAtFolder(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (stats && (stats.mode & 0o077) !== 0) loose.add(`${path} ${(stats.mode & 0o7777).toString(8)}`)
    if (stats?.isDirectory()) lookAtFolder(path)
  }
}

try {
  setPriority(constants.priority.PRIORITY_HIGHEST) // on a busy machine what ends at once would be over before we are
} catch {
  // not root: it looks when it may
}
process.stdout.write('looks\n')
while (!isOver) {
  lookAtYoung()
  rounds += 1
  if (rounds % 256 === 0) for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) look(pid) // one may become another program late
  if (rounds % 16 === 0) {
    await nextTurn()
    try {
      if (watched !== '') lookAtFolder(watched)
    } catch {
      // not there yet, or changed meanwhile
    }
  }
  Atomics.wait(sleeper, 0, 0, pauseMs)
}
process.stdout.write(`${JSON.stringify({ rounds, texts: [...texts], loose: [...loose] })}\n`)
