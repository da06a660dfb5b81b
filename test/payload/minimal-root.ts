import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A root file system as bare as the smallest image with glibc: busybox, the C and C++ libraries, and nothing else. */
export type MinimalRoot = {
  /** Puts a file of this machine into it. `to` is absolute inside. */
  copyIn(from: string, to: string): void
  writeIn(to: string, text: string): void
  /**
   * Runs a script with its `sh`: no network but loopback, own processes, PATH=/bin, and a writable /tmp, /dev/shm and HOME.
   * Every process it leaves behind ends with it.
   */
  run(script: string): { code: number; output: string }
  remove(): void
}

/** The applets that a target must have, and `ls` and `sha256sum`, which the launcher and the tests use. */
const applets = ['sh', 'tar', 'gzip', 'ls', 'sha256sum', 'cat', 'ln', 'mkdir', 'sleep', 'kill', 'find']

/** Why the root cannot be made here, or undefined when it can. */
export function whyNoMinimalRoot(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux'
  if (findBusybox() === undefined) return 'needs a static busybox (Debian: busybox-static)'
  const { status, stderr } = spawnSync('unshare', [...isolation, 'ip', 'link', 'set', 'lo', 'up'], { encoding: 'utf8' })
  return status === 0 ? undefined : `may not make namespaces: ${stderr.trim() || 'unshare or ip is missing'}`
}

/** @param binaries executables of this machine whose libraries the root is to hold */
export function createMinimalRoot(binaries: readonly string[]): MinimalRoot {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-root-'))
  for (const name of ['bin', 'proc', 'dev', 'tmp', 'home/user', 'etc']) mkdirSync(join(folder, name), { recursive: true })
  const copyIn = (from: string, to: string) => {
    mkdirSync(dirname(join(folder, to)), { recursive: true })
    copyFileSync(realpathSync(from), join(folder, to))
  }
  const busybox = findBusybox()
  if (busybox === undefined) throw new Error('no static busybox here')
  copyIn(busybox, '/bin/busybox')
  for (const applet of applets) symlinkSync('busybox', join(folder, 'bin', applet))
  for (const library of new Set(binaries.flatMap(listLibraries))) copyIn(library, library)
  return {
    copyIn,
    writeIn: (to, text) => writeFileSync(join(folder, to), text),
    run: (script) => runInside(folder, script),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const isolation = [
  '--mount',
  '--net',
  '--pid',
  '--fork',
  '--kill-child',
  ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
]

/** Device nodes are bound from this machine, as making them takes more rights than a user namespace gives. */
const enter = `
set -e
root=$1
ip link set lo up
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev"
mkdir "$root/dev/shm"
mount -t tmpfs tmpfs "$root/dev/shm"
for device in null zero full random urandom; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
exec chroot "$root" /bin/busybox env -i PATH=/bin HOME=/home/user /bin/sh -c 'cd "$HOME" || exit 127
'"$2"
`

function runInside(folder: string, script: string): { code: number; output: string } {
  const { status, stdout, stderr } = spawnSync('unshare', [...isolation, 'sh', '-c', enter, 'enter', folder, script], {
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 16 * 1024 * 1024,
  })
  return { code: status ?? 128, output: stdout + stderr }
}

function findBusybox(): string | undefined {
  return ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path) && listLibraries(path).length === 0)
}

/** What the loader would open, the loader included; nothing for a static executable. */
function listLibraries(binary: string): string[] {
  try {
    const text = execFileSync('ldd', [binary], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return [...text.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path)
  } catch {
    return [] // ldd refuses what is not dynamic
  }
}
