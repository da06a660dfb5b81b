import { spawnSync } from 'node:child_process'
import { system } from '../own-namespace.ts'

/** The two networks of a bed. This machine has an address on the front one only. */
export type BedNetwork = {
  readonly front: string
  readonly back: string
  addressOf(side: 'front' | 'back', index: number): string
  /** Connects a machine to bridges: `eth0` to the first, and on. Returns the names of the ends on this side. */
  plug(bridges: readonly string[], hostIndex: number, pid: number): string[]
  unplug(ends: readonly string[]): void
  remove(): void
}

let made = 0

/** Bridges have names and numbers of their own for each bed, so that many beds can be there at once. */
export function makeNetwork(): BedNetwork {
  const id = `${process.pid.toString(36)}${(made++ % 36).toString(36)}`
  const [front, back] = [`sb${id}f`, `sb${id}b`]
  const taken = system('ip', '-o', '-4', 'addr')
  let prefix = ''
  do {
    prefix = `10.${64 + Math.floor(Math.random() * 128)}`
  } while (taken.includes(` ${prefix}.`))
  batch([
    `link add ${front} type bridge`,
    `link add ${back} type bridge`,
    `addr add ${prefix}.1.254/24 dev ${front}`,
    `link set ${front} up`,
    `link set ${back} up`,
  ])
  return {
    front,
    back,
    addressOf: (side, index) => `${prefix}.${side === 'front' ? 1 : 2}.${index + 1}`,
    plug: (bridges, hostIndex, pid) => {
      const ends = bridges.map((_, card) => `sv${id}${hostIndex}${card === 0 ? '' : 'b'}`)
      batch(
        ends.flatMap((end, card) => [
          `link add ${end} type veth peer name eth${card} address ${macOf(hostIndex, card)} netns ${pid}`,
          `link set ${end} master ${bridges[card]}`,
          `link set ${end} up`,
        ]),
      )
      return ends
    },
    // The kernel would do it some time after the machine's last process.
    unplug: (ends) => {
      for (const end of ends) spawnSync('ip', ['link', 'del', end], { stdio: 'ignore' })
    },
    remove: () => {
      for (const bridge of [front, back]) spawnSync('ip', ['link', 'del', bridge], { stdio: 'ignore' })
    },
  }
}

/** Removes the bridges of beds whose process is gone: its hosts died with it, bridges do not. */
export function removeStaleBridges(): void {
  const found = spawnSync('ip', ['-o', 'link', 'show', 'type', 'bridge'], { encoding: 'utf8' }).stdout
  for (const [, name, pid] of found.matchAll(/^\d+: (sb([0-9a-z]+)[0-9a-z][fb]):/gm)) {
    if (name !== undefined && pid !== undefined && !isAlive(parseInt(pid, 36))) spawnSync('ip', ['link', 'del', name], { stdio: 'ignore' })
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The same after every start: neighbours remember it for a while. */
const macOf = (hostIndex: number, card: number): string => `02:5b:00:00:${hex(card)}:${hex(hostIndex)}`
const hex = (number: number): string => number.toString(16).padStart(2, '0')

function batch(lines: readonly string[]): void {
  const { status, stderr } = spawnSync('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n`, encoding: 'utf8' })
  if (status !== 0) throw new Error(`ip: ${stderr}`)
}
