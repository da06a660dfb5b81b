import type { MachineFacts } from '../contract/machines.ts'
import type { Facts } from './probe-frame.ts'

export function parseLibc(facts: Facts): MachineFacts['libc'] {
  const ofGetconf = /^glibc (\S+)/.exec(facts.first('getconf') ?? '')?.[1]
  if (ofGetconf !== undefined) return { kind: 'glibc', version: ofGetconf }
  const ldd = facts.all('ldd').join(' ')
  if (/musl/i.test(ldd)) return { kind: 'musl', version: /Version (\S+)/.exec(ldd)?.[1] ?? '' }
  const ofLdd = /(?:GLIBC|GNU libc|glibc).* (\d+\.\d+)/i.exec(ldd)?.[1]
  if (ofLdd !== undefined) return { kind: 'glibc', version: ofLdd }
  const loaders = facts.all('loader')
  if (loaders.length > 0 && loaders.every((path) => path.includes('ld-musl'))) return { kind: 'musl', version: '' }
  return { kind: loaders.some((path) => path.includes('ld-linux')) ? 'glibc' : 'unknown', version: '' }
}

/** What the processes that we start will have: affinity and the limits of every control group above count. */
export function parseHardware(facts: Facts): Pick<MachineFacts, 'cpus' | 'memoryBytes' | 'memoryAvailableBytes'> {
  const quotas = facts.all('cpu-max').flatMap((line) => {
    const [quota = 0, period = 0] = line.split(' ').map(Number)
    return quota > 0 && period > 0 ? [Math.ceil(quota / period)] : []
  })
  const limits = facts
    .all('memory-max')
    .map(Number)
    .filter((bytes) => bytes > 0)
  const kilobytes = (key: string) => (Number(facts.first(key)) || 0) * 1_024
  const memoryBytes = Math.min(kilobytes('MemTotal'), ...limits)
  return {
    cpus: Math.max(1, Math.min(Number(facts.first('cpus')) || 1, ...quotas)),
    memoryBytes,
    memoryAvailableBytes: Math.min(memoryBytes, kilobytes('MemAvailable') || kilobytes('MemFree')),
  }
}

type Place = {
  isWritable: boolean
  isExecutable: boolean
  sizeBytes: number
  freeBytes: number
  freeInodes: number | null
  fileSystem: string
}

/** `stat -f` knows inodes, `df` is everywhere. A file system that makes inodes as it needs them (btrfs) says 0 of 0: null. */
export function parsePlace(facts: Facts, key: string): Place {
  const [available, blocks, blockSize, freeInodes, inodes] = (facts.first(`${key}-stat`) ?? '').split(' ').map(Number)
  const [, ofDf, freeOfDf] = /\s(\d+)\s+-?\d+\s+(-?\d+)\s+(?:\d+%|-)\s+\/.*$/.exec(facts.first(`${key}-df`) ?? '') ?? []
  const [fileSystem = '', options = ''] = (facts.first(`${key}-mount`) ?? '').split(' ')
  const isKnown = available !== undefined && blocks !== undefined && blockSize !== undefined && blockSize > 0
  const isReadOnly = options.split(',').includes('ro')
  return {
    isWritable: facts.first(`${key}-writable`) === 'yes' && !isReadOnly,
    isExecutable: !options.split(',').includes('noexec'),
    sizeBytes: isKnown ? blocks * blockSize : Number(ofDf ?? 0) * 1_024,
    freeBytes: Math.max(0, isKnown ? available * blockSize : Number(freeOfDf ?? 0) * 1_024),
    freeInodes: freeInodes === undefined || inodes === undefined || !(inodes > 0) ? null : freeInodes,
    fileSystem: fileSystem || 'unknown',
  }
}

/** Of open files the hard limit: Node raises its own to that. */
export function parseLimits(facts: Facts): MachineFacts['limits'] {
  const limit = (name: string, which: 'soft' | 'hard'): number | null => {
    const line = facts.all('limit').find((each) => each.startsWith(name))
    const [soft, hard] = line?.slice(name.length).trim().split(/\s+/) ?? []
    const word = which === 'soft' ? soft : hard
    if (word === 'unlimited') return Number.MAX_SAFE_INTEGER
    return word === undefined || !/^\d+$/.test(word) ? null : Number(word)
  }
  return {
    openFiles: limit('Max open files', 'hard'),
    processes: limit('Max processes', 'soft'),
    lockedMemoryBytes: limit('Max locked memory', 'soft'),
  }
}

export function parsePython(facts: Facts): Pick<MachineFacts, 'python' | 'ray'> {
  const [path, version, rayVersion] = (facts.first('python') ?? '').trim().split(' ')
  const has = (facts.first('python-has') ?? '').split(' ')
  const isRunning = facts.all('ray-running').length > 0
  const hasRay = rayVersion !== undefined || facts.first('ray') !== undefined
  return {
    python:
      path && version ? { path, version, hasVenv: has.includes('venv') && has.includes('ensurepip'), hasPip: has.includes('pip') } : null,
    ray: hasRay || isRunning ? { version: rayVersion ?? null, isRunning } : null,
  }
}

export function parseServices(facts: Facts): MachineFacts['services'] {
  const crontab = facts.first('crontab')
  const linger = facts.first('linger')
  return {
    systemdUser: facts.first('systemd-user') === 'yes',
    linger: linger === undefined ? null : linger === 'yes',
    // A crontab that nobody reads, or that this user may not have, brings nothing back.
    cron: crontab !== undefined && !/not allowed|denied/i.test(crontab) && facts.first('cron-daemon') !== undefined,
  }
}
