/**
 * Readers of the kernel's text files under /proc (Linux: Documentation/filesystems/proc.rst). Each takes the text of one file and is
 * tolerant: what is missing, as on old kernels and in containers, counts as 0, and lines that it does not know are passed over.
 */

const sectorBytes = 512
const kibibyte = 1_024

export type CpuTimes = { readonly busy: number; readonly total: number }
export type ProcStat = { readonly all: CpuTimes; readonly cores: readonly CpuTimes[]; readonly bootedAtMs: number }

/** /proc/stat, in clock ticks. Waiting for a disk counts as idle; what a hypervisor took counts as busy. */
export function parseProcStat(text: string): ProcStat {
  let all: CpuTimes = { busy: 0, total: 0 }
  const cores: CpuTimes[] = []
  let bootedAtMs = 0
  for (const line of text.split('\n')) {
    if (line.startsWith('btime ')) bootedAtMs = count(line.slice(6)) * 1_000
    const core = /^cpu(\d*)\s+(.*)$/.exec(line)
    if (!core) continue
    const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softIrq = 0, steal = 0] = (core[2] ?? '')
      .trim()
      .split(/\s+/)
      .map(count)
    const busy = user + nice + system + irq + softIrq + steal // time of guests is in user and nice
    const times = { busy, total: busy + idle + wait }
    if (core[1] === '') all = times
    else cores.push(times)
  }
  return { all, cores, bootedAtMs }
}

export type Memory = {
  readonly totalBytes: number
  readonly availableBytes: number
  readonly sharedBytes: number
  readonly swapTotalBytes: number
  readonly swapFreeBytes: number
}

/** /proc/meminfo. Kernels before 3.14 do not say what is available: then free memory and what caches could give back. */
export function parseMeminfo(text: string): Memory {
  const fields = new Map<string, number>()
  for (const line of text.split('\n')) {
    const match = /^([\w()]+):\s+(\d+)/.exec(line)
    if (match?.[1] !== undefined) fields.set(match[1], count(match[2]) * kibibyte)
  }
  const field = (name: string) => fields.get(name) ?? 0
  const shared = field('Shmem')
  const guessed = field('MemFree') + field('Buffers') + field('Cached') + field('SReclaimable') - shared
  const totalBytes = field('MemTotal')
  return {
    totalBytes,
    availableBytes: Math.min(totalBytes, Math.max(0, fields.get('MemAvailable') ?? guessed)),
    sharedBytes: shared,
    swapTotalBytes: field('SwapTotal'),
    swapFreeBytes: Math.min(field('SwapTotal'), field('SwapFree')),
  }
}

/** /proc/loadavg: over 1, 5 and 15 minutes. */
export function parseLoadavg(text: string): [number, number, number] {
  const [one, five, fifteen] = text.trim().split(/\s+/).map(count)
  return [one ?? 0, five ?? 0, fifteen ?? 0]
}

export type DiskCounters = { readonly readBytes: number; readonly writeBytes: number; readonly reads: number; readonly writes: number }

/** /proc/diskstats, by device. */
export function parseDiskstats(text: string): Map<string, DiskCounters> {
  const devices = new Map<string, DiskCounters>()
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/)
    const device = fields[2]
    if (device === undefined || fields.length < 11) continue // 2.6 kernels show partitions with fewer
    const at = (index: number) => count(fields[index])
    devices.set(device, { reads: at(3), readBytes: at(5) * sectorBytes, writes: at(7), writeBytes: at(9) * sectorBytes })
  }
  return devices
}

export type NetworkCounters = { readonly receivedBytes: number; readonly sentBytes: number }

/** /proc/net/dev, by device. There may be no blank behind the colon. */
export function parseNetDev(text: string): Map<string, NetworkCounters> {
  const devices = new Map<string, NetworkCounters>()
  for (const line of text.split('\n')) {
    const at = line.lastIndexOf(':') // aliases such as `eth0:1` have one of their own
    if (at < 0) continue
    const fields = line
      .slice(at + 1)
      .trim()
      .split(/\s+/)
    if (fields.length < 16) continue
    devices.set(line.slice(0, at).trim(), { receivedBytes: count(fields[0]), sentBytes: count(fields[8]) })
  }
  return devices
}

export type Mount = { readonly mount: string; readonly device: string; readonly type: string }

/** /proc/self/mounts. Blanks and such in a path are written in octal: `\040`. */
export function parseMounts(text: string): Mount[] {
  const mounts: Mount[] = []
  for (const line of text.split('\n')) {
    const [device, mount, type] = line.split(' ')
    if (device === undefined || mount === undefined || type === undefined) continue
    mounts.push({ mount: unescape(mount), device: unescape(device), type })
  }
  return mounts
}

export type ProcessStat = {
  readonly state: string
  readonly parentPid: number
  readonly minorFaults: number
  readonly majorFaults: number
  /** Clock ticks. */
  readonly user: number
  readonly system: number
  readonly childUser: number
  readonly childSystem: number
  /** Clock ticks since boot. */
  readonly started: number
  readonly virtualBytes: number
  readonly rssPages: number
}

/** /proc/PID/stat; undefined for text that is not one. The name in brackets may hold blanks, brackets and line ends. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const end = text.lastIndexOf(')')
  if (end < 0) return undefined
  const fields = text
    .slice(end + 2)
    .trim()
    .split(' ')
  if (fields.length < 22) return undefined
  const at = (number: number) => count(fields[number - 3]) // numbers as in proc(5)
  return {
    state: fields[0] ?? '',
    parentPid: at(4),
    minorFaults: at(10),
    majorFaults: at(12),
    user: at(14),
    system: at(15),
    childUser: at(16),
    childSystem: at(17),
    started: at(22),
    virtualBytes: at(23),
    rssPages: at(24),
  }
}

/** /proc/PID/statm, in pages. */
export function parseStatm(text: string): { virtual: number; rss: number; shared: number } {
  const [virtual, rss, shared] = text.trim().split(' ').map(count)
  return { virtual: virtual ?? 0, rss: rss ?? 0, shared: shared ?? 0 }
}

/** Cores in the sense of hardware, in /proc/cpuinfo: threads of one core share its id. 0 where it does not say, as on most ARMs. */
export function parsePhysicalCores(text: string): number {
  const cores = new Set<string>()
  for (const block of text.split('\n\n')) {
    const id = /^core id\s*:\s*(\d+)/m.exec(block)?.[1]
    if (id !== undefined) cores.add(`${/^physical id\s*:\s*(\d+)/m.exec(block)?.[1] ?? '0'} ${id}`)
  }
  return cores.size
}

/** What the kernel tells each process about itself, in /proc/self/auxv: bytes of a page, clock ticks in a second. */
export function parseAuxv(bytes: Buffer): { pageBytes: number; ticksPerS: number } {
  const found = new Map<number, number>()
  for (let at = 0; at + 16 <= bytes.length; at += 16) found.set(Number(bytes.readBigUInt64LE(at)), Number(bytes.readBigUInt64LE(at + 8)))
  return { pageBytes: found.get(6) ?? 4_096, ticksPerS: found.get(17) ?? 100 }
}

/** A count of the kernel; 0 for what is not one. */
function count(text: string | undefined): number {
  const value = Number(text === undefined || text === '' ? 0 : text)
  return Number.isFinite(value) && value > 0 ? value : 0
}

const unescape = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
