import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { runForOutput } from './run-command.mjs'

/** Programs that suites of test/ start, and the Debian package that brings each. Where one is missing, its tests skip themselves. */
const needed = [
  { program: 'ip', package: 'iproute2' },
  { program: 'cron', package: 'cron' },
  { program: 'nc', package: 'netcat-openbsd' },
  { program: 'ssh', package: 'openssh-client' },
  { program: 'sshd', package: 'openssh-server' },
  { program: 'unshare', package: 'util-linux' },
  { program: 'strip', package: 'binutils' },
  { program: 'busybox', package: 'busybox-static' },
  { program: 'chromium', package: 'chromium' },
  { program: 'dbus-run-session', package: 'dbus-daemon' },
  { program: 'gnome-keyring-daemon', package: 'gnome-keyring' },
  { program: 'openssl', package: 'openssl' },
  { program: 'Xvfb', package: 'xvfb' },
  { program: 'unzip', package: 'unzip' },
  { program: 'pkill', package: 'procps' },
]

/**
 * Installs what the suites need where this is allowed (root on a Debian), else prints the one command that does.
 * Never fails: a suite whose program is missing is counted as skipped.
 */
export async function ensureSystemPackages() {
  const missing = listMissing()
  if (missing.length === 0) return
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...missing]
  if (process.platform === 'linux' && process.getuid?.() === 0 && isProgram('apt-get')) {
    console.log(`Installing for the tests: ${missing.join(', ')}`)
    await runForOutput('apt-get', ['update'])
    const { output } = await runForOutput(install[0], install.slice(1), { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
    if (listMissing().length === 0) return
    console.log(output.trimEnd())
  }
  console.log(`Tests that need ${listMissing().join(', ')} are skipped. To run them too:\n  sudo ${install.join(' ')}`)
}

const listMissing = () => needed.filter(({ program }) => !isProgram(program)).map((need) => need.package)

const isProgram = (name) =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((folder) => folder !== '' && existsSync(join(folder, name)))
