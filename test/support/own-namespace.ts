import { spawnSync } from 'node:child_process'

/** `process` needs `mount`, for a /proc of its own. */
type Kind = 'mount' | 'network' | 'process'

/** Why a program of this user cannot have a namespace of its own; undefined when it can. */
export function noNamespace(...kinds: readonly Kind[]): string | undefined {
  if (process.platform !== 'linux') return 'namespaces of Linux'
  if (process.getuid?.() !== 0) return 'root'
  const tried = spawnSync('unshare', [...flagsOf(kinds), 'true'], { stdio: 'ignore' })
  if (tried.error || tried.status !== 0) return 'the right to make namespaces (unshare)'
  if (kinds.includes('network') && spawnSync('ip', ['-V'], { stdio: 'ignore' }).error) return 'ip (Debian: apt-get install iproute2)'
  return undefined
}

/** Runs this very program again inside namespaces that vanish with it, mounts, interfaces and processes included. Returns only there. */
export function enterNamespace(...kinds: readonly Kind[]): void {
  if (process.env['SHOAL_TEST_INSIDE'] === '1') return
  const args = [...flagsOf(kinds), process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  // Whoever ends us by a signal ends what is inside too.
  const { status } = spawnSync('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...args], {
    stdio: 'inherit',
    env: { ...process.env, SHOAL_TEST_INSIDE: '1' },
  })
  process.exit(status ?? 1)
}

/** Runs a system command. @throws Error with what it said. */
export function system(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (error || status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`)
  return stdout
}

const flagsOf = (kinds: readonly Kind[]): string[] => [
  ...(kinds.includes('mount') ? ['--mount'] : []),
  ...(kinds.includes('network') ? ['--net'] : []),
  ...(kinds.includes('process') ? ['--pid', '--fork', '--mount-proc', '--kill-child'] : []),
]
