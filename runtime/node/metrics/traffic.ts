import { existsSync, readdirSync } from 'node:fs'
import type { DiskTraffic, NetworkTraffic, NodeMetrics } from '../../protocol/metrics.ts'
import { readText } from '../read-text.ts'
import { type DiskCounters, type NetworkCounters, parseDiskstats, parseNetDev } from './parse-proc.ts'
import { perSecond, rounded } from './rates.ts'

/** Devices come and go seldom. */
const devicesEveryMs = 60_000
const mostDevices = 64
/** Parts of other devices, or no disks. */
const notDisks = /^(loop|ram|zram|dm-|md|sr|fd)\d*/
const notNetworks = /^(lo|veth|docker|br-|virbr|cni|flannel|cali|tunl|sit|dummy)/

type Traffic = Pick<NodeMetrics, 'diskTraffic' | 'diskDevices' | 'network' | 'networkDevices'>

/** What went over disks and networks, of real devices only: layers above them would count the same bytes again. */
export class TrafficSampler {
  readonly #proc: string
  readonly #sys: string
  #disks: ReadonlyMap<string, DiskCounters> = new Map()
  #networks: ReadonlyMap<string, NetworkCounters> = new Map()
  #devices = { disks: new Set<string>(), networks: new Set<string>(), knownUntilMs: Number.NEGATIVE_INFINITY }

  constructor({ proc = '/proc', sys = '/sys' }: { proc?: string; sys?: string } = {}) {
    this.#proc = proc
    this.#sys = sys
  }

  sample(seconds: number, nowMs: number): Traffic {
    const disks = parseDiskstats(readText(`${this.#proc}/diskstats`))
    const networks = parseNetDev(readText(`${this.#proc}/net/dev`))
    if (nowMs >= this.#devices.knownUntilMs) this.#devices = { ...this.#findDevices(disks, networks), knownUntilMs: nowMs + devicesEveryMs }
    const diskDevices = [...disks]
      .filter(([device]) => this.#devices.disks.has(device))
      .slice(0, mostDevices)
      .map(([device, now]) => ({ device: device.slice(0, 64), ...diskTraffic(this.#disks.get(device), now, seconds) }))
    const networkDevices = [...networks]
      .filter(([device]) => this.#devices.networks.has(device))
      .slice(0, mostDevices)
      .map(([device, now]) => ({ device: device.slice(0, 64), ...networkTraffic(this.#networks.get(device), now, seconds) }))
    this.#disks = disks
    this.#networks = networks
    return {
      diskTraffic: sum(diskDevices, noDiskTraffic),
      diskDevices,
      network: sum(networkDevices, noNetworkTraffic),
      networkDevices,
    }
  }

  #findDevices(disks: ReadonlyMap<string, unknown>, networks: ReadonlyMap<string, unknown>): { disks: Set<string>; networks: Set<string> } {
    const whole = namesIn(`${this.#sys}/block`)
    const isDisk = (name: string) => !notDisks.test(name) && (whole.size === 0 || whole.has(name))
    const candidates = [...networks.keys()].filter((name) => !notNetworks.test(name))
    const real = candidates.filter((name) => existsSync(`${this.#sys}/class/net/${name}/device`))
    // In a container even the one way out is virtual.
    return { disks: new Set([...disks.keys()].filter(isDisk)), networks: new Set(real.length > 0 ? real : candidates) }
  }
}

function diskTraffic(before: DiskCounters | undefined, now: DiskCounters, seconds: number): DiskTraffic {
  return {
    ...now,
    readBytesPerS: rounded(perSecond(before?.readBytes, now.readBytes, seconds)),
    writeBytesPerS: rounded(perSecond(before?.writeBytes, now.writeBytes, seconds)),
    readsPerS: rounded(perSecond(before?.reads, now.reads, seconds)),
    writesPerS: rounded(perSecond(before?.writes, now.writes, seconds)),
  }
}

function networkTraffic(before: NetworkCounters | undefined, now: NetworkCounters, seconds: number): NetworkTraffic {
  return {
    ...now,
    sentBytesPerS: rounded(perSecond(before?.sentBytes, now.sentBytes, seconds)),
    receivedBytesPerS: rounded(perSecond(before?.receivedBytes, now.receivedBytes, seconds)),
  }
}

const noNetworkTraffic: NetworkTraffic = { sentBytes: 0, receivedBytes: 0, sentBytesPerS: 0, receivedBytesPerS: 0 }
const noDiskTraffic: DiskTraffic = {
  ...{ readBytes: 0, writeBytes: 0, reads: 0, writes: 0 },
  ...{ readBytesPerS: 0, writeBytesPerS: 0, readsPerS: 0, writesPerS: 0 },
}

/** Field by field. */
function sum<T extends Readonly<Record<string, number>>>(items: readonly T[], zero: T): T {
  const total: Record<string, number> = { ...zero }
  for (const item of items) for (const name in zero) total[name] = (total[name] ?? 0) + (item[name] ?? 0)
  return total as T // the fields of `zero`
}

function namesIn(folder: string): Set<string> {
  try {
    return new Set(readdirSync(folder))
  } catch {
    return new Set() // not on this system
  }
}
