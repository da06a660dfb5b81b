import type { Finding, MachineFacts } from '../contract/machines.ts'
import { blocker, bytes, duration, ok, warning } from './findings-words.ts'

const served: Readonly<Record<string, string>> = { x86_64: 'x64', amd64: 'x64', aarch64: 'arm64', arm64: 'arm64' }
const oldestGlibc = [2, 28] as const
const skewThatConfusesMs = 5_000
/** Certificates are valid from a day before they are made, so a clock that is far behind refuses them, as does a peer of one far ahead. */
const skewThatBreaksMs = 12 * 3_600_000
const leastMemoryBytes = 1e9
const leastAvailableBytes = 512e6
const leastOpenFiles = 1_024
const goodOpenFiles = 16_384

/** The platform, memory, clock and limits. */
export const systemFindings = (facts: MachineFacts): Finding[] => [
  osFinding(facts),
  archFinding(facts),
  libcFinding(facts),
  ...libstdcxxFinding(facts),
  memoryFinding(facts),
  clockFinding(facts),
  ...limitFinding(facts),
  ...toolFindings(facts),
]

function osFinding({ os, kernel }: MachineFacts): Finding {
  if (/^Linux\b/.test(kernel)) return ok('os', 'Linux', `${os}, ${kernel}`)
  return blocker('os.unsupported', 'Not a Linux machine', {
    detail: `It runs ${kernel || os || 'an unknown system'}.`,
    remedy: 'Nodes run on Linux (x86-64 or arm64). Use another machine, or a Linux virtual machine on this one.',
  })
}

function archFinding({ arch }: MachineFacts): Finding {
  if (served[arch] !== undefined) return ok('arch', 'Processor is served', arch)
  return blocker('arch.unsupported', 'No payload for this processor', {
    detail: `uname -m says ${arch || 'nothing'}.`,
    remedy:
      'Payloads exist for x86_64 and aarch64 in 64 bits. Use another machine, or a 64-bit system on this one where its processor allows.',
  })
}

function libcFinding({ libc, os }: MachineFacts): Finding {
  if (libc.kind === 'musl') {
    return blocker('libc.musl', 'The C library is musl', {
      detail: `${os} has musl ${libc.version}; our Node needs glibc ${oldestGlibc.join('.')} or later.`,
      remedy:
        'Use a system with glibc, such as Debian 10, Ubuntu 20.04, RHEL 8 or later; a container of one of them on this machine does too.',
    })
  }
  const [major = 0, minor = 0] = libc.version.split('.').map(Number)
  if (libc.kind === 'unknown' || major === 0) {
    return warning('libc.unknown', 'The C library could not be told', {
      detail: `Neither getconf nor ldd says which it is${libc.version === '' ? '' : ` (${libc.version})`}.`,
      remedy: `It will do if it is glibc ${oldestGlibc.join('.')} or later. To see: ldd --version`,
      command: 'ldd --version',
    })
  }
  if (major > oldestGlibc[0] || (major === oldestGlibc[0] && minor >= oldestGlibc[1]))
    return ok('libc', 'C library is new enough', `glibc ${libc.version}`)
  return blocker('libc.old', 'The C library is too old', {
    detail: `${os} has glibc ${libc.version}; our Node needs ${oldestGlibc.join('.')} or later.`,
    remedy: 'Upgrade its system to Debian 10, Ubuntu 20.04, RHEL 8 or later, or use a container of one of them on this machine.',
  })
}

function libstdcxxFinding({ hasLibstdcxx, libc }: MachineFacts): Finding[] {
  if (hasLibstdcxx === null || libc.kind === 'musl') return []
  if (hasLibstdcxx) return [ok('libstdcxx', 'C++ library is there', 'libstdc++.so.6 with GLIBCXX_3.4.21')]
  return [
    blocker('libstdcxx.missing', 'The C++ library is missing or too old', {
      detail: 'No libstdc++.so.6 with GLIBCXX_3.4.21 was found.',
      remedy: 'Install it as root: apt-get install libstdc++6 (Debian, Ubuntu) or dnf install libstdc++ (RHEL, Fedora).',
      command: 'apt-get install libstdc++6',
    }),
  ]
}

function memoryFinding({ memoryBytes, memoryAvailableBytes }: MachineFacts): Finding {
  const detail = `${bytes(memoryAvailableBytes)} of ${bytes(memoryBytes)} are available.`
  if (memoryBytes < leastMemoryBytes) {
    return warning('memory.small', 'Little memory', {
      detail,
      remedy: 'A node takes about 200 MB and each worker about 60 MB. Use it for small tasks only.',
    })
  }
  if (memoryAvailableBytes >= leastAvailableBytes) return ok('memory', 'Memory', detail)
  return warning('memory.in-use', 'Most memory is in use', {
    detail,
    remedy: 'Tasks would be ended by the memory monitor soon. See who uses it: ps aux --sort=-rss | head',
    command: 'ps aux --sort=-rss | head',
  })
}

function clockFinding({ clockSkewMs }: MachineFacts): Finding {
  const size = Math.abs(clockSkewMs)
  const detail = `Its clock is ${duration(clockSkewMs)} ${clockSkewMs < 0 ? 'behind' : 'ahead of'} the one of this computer.`
  const remedy =
    'Set the time, as root there: timedatectl set-ntp true (or chronyc makestep). If its time is right, set that of this computer.'
  const command = 'timedatectl set-ntp true'
  if (size > skewThatBreaksMs)
    return blocker('clock.wrong', 'The clock is wrong', { detail: `${detail} Certificates would not be valid there.`, remedy, command })
  if (size > skewThatConfusesMs)
    return warning('clock.skew', 'The clock is off', {
      detail: `${detail} Times of logs and events will not fit together.`,
      remedy,
      command,
    })
  return ok('clock', 'Clock agrees', `within ${duration(Math.max(size, 100))}`)
}

function limitFinding({ limits: { openFiles, processes } }: MachineFacts): Finding[] {
  const found: Finding[] = []
  if (openFiles !== null) {
    const detail = `At most ${openFiles} files may be open at once.`
    const remedy = 'Raise it, as root there, with a line "* hard nofile 65536" in /etc/security/limits.d/shoal.conf, and log in again.'
    if (openFiles < leastOpenFiles) found.push(blocker('limit.open-files', 'Too few open files allowed', { detail, remedy }))
    else if (openFiles < goodOpenFiles)
      found.push(
        warning('limit.open-files', 'Few open files allowed', { detail: `${detail} Each worker and each peer takes several.`, remedy }),
      )
    else found.push(ok('limit.open-files', 'Open files', openFiles === Number.MAX_SAFE_INTEGER ? 'no limit' : `up to ${openFiles}`))
  }
  if (processes !== null && processes < 512) {
    found.push(
      warning('limit.processes', 'Few processes allowed', {
        detail: `At most ${processes} processes and threads of this user may run; a node uses about 15 threads for each worker.`,
        remedy: 'Raise it, as root there, with a line "* hard nproc 65536" in /etc/security/limits.d/shoal.conf, and log in again.',
      }),
    )
  }
  return found
}

function toolFindings({ tools }: MachineFacts): Finding[] {
  const missing = ['tar', 'gzip'].filter((name) => tools[name] === undefined)
  if (missing.length === 0) return [ok('tools', 'tar and gzip are there', `${tools['tar']}, ${tools['gzip']}`)]
  return [
    blocker('tools.missing', `${missing.join(' and ')} is missing`, {
      detail: 'The payload is unpacked with tar and gzip.',
      remedy: `Install it as root: apt-get install ${missing.join(' ')} (or busybox, which has both).`,
      command: `apt-get install ${missing.join(' ')}`,
    }),
  ]
}
