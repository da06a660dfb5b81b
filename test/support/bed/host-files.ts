import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { system } from '../own-namespace.ts'
import { bedUser, type HostQuirks } from './quirks.ts'

/** Folders of one host on this machine. They outlive a power cut; the rest of its state does not. */
export type HostFolders = {
  readonly base: string
  /** What differs from this machine's own files. */
  readonly upper: string
  readonly work: string
  readonly root: string
  /** Its /home and /var/tmp. */
  readonly home: string
  readonly varTmp: string
}

export const hostFolders = (base: string): HostFolders => ({
  base,
  upper: join(base, 'upper'),
  work: join(base, 'work'),
  root: join(base, 'root'),
  home: join(base, 'home'),
  varTmp: join(base, 'var-tmp'),
})

/** Writes what makes a host itself: user, keys, configuration of sshd, stand-ins, and what it has not. */
export function writeHostFiles(folders: HostFolders, quirks: HostQuirks, shared: { publicKey: string; hosts: string }): void {
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true })
  chmodSync(folders.varTmp, 0o1777)
  const write = (path: string, text: string, mode = 0o644) => {
    const target = join(folders.upper, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, text)
    chmodSync(target, mode)
  }
  writeAccounts(quirks, write)
  write('/etc/hostname', `${quirks.name}\n`)
  write('/etc/hosts', `127.0.0.1 localhost\n${shared.hosts}`)
  write('/etc/bed/authorized_keys', quirks.refuseKey === true || quirks.password !== undefined ? '' : shared.publicKey)
  write('/etc/bed/sshd_config', sshdConfig(quirks))
  system('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', join(folders.upper, 'etc/bed/host_key'))
  writeStandIns(quirks, write)
  for (const [path, text] of Object.entries(quirks.files ?? {})) write(path, text, /\/s?bin\//.test(path) ? 0o755 : 0o644)
  for (const path of hiddenPrograms(quirks)) mkdirSync(join(folders.upper, dirname(path)), { recursive: true })
  writeHome(folders, quirks)
}

export const readHostKey = ({ upper }: Pick<HostFolders, 'upper'>): string =>
  readFileSync(join(upper, 'etc/bed/host_key.pub'), 'utf8').trim().split(' ').slice(0, 2).join(' ')

type Write = (path: string, text: string, mode?: number) => void

function writeAccounts(quirks: HostQuirks, write: Write): void {
  const { name, uid, home } = bedUser
  const others = (file: string) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith(`${name}:`) && !line.includes(`:${uid}:`))
      .join('\n')
  const shell = quirks.shell ?? '/bin/bash'
  if (!existsSync(shell)) throw new Error(`${quirks.name} should have the shell ${shell}, which this machine has not`)
  const hash = quirks.password === undefined ? '*' : system('openssl', 'passwd', '-6', quirks.password).trim()
  write('/etc/passwd', `${others('/etc/passwd')}\n${name}:x:${uid}:${uid}:bed:${home}:${shell}\n`)
  write('/etc/group', `${others('/etc/group')}\n${name}:x:${uid}:\n`)
  write('/etc/shadow', `root:*:19000:0:99999:7:::\n${name}:${hash}:19000:0:99999:7:::\n`, 0o600)
}

function sshdConfig({ password, keyboardInteractive, sshdConfig: first }: HostQuirks): string {
  const byPassword = password !== undefined
  return `${first ?? ''}
Port 22
HostKey /etc/bed/host_key
PidFile /run/sshd.pid
AuthorizedKeysFile /etc/bed/authorized_keys
StrictModes no
UseDNS no
PrintMotd no
PrintLastLog no
UsePAM ${byPassword ? 'yes' : 'no'}
PubkeyAuthentication ${byPassword ? 'no' : 'yes'}
PasswordAuthentication ${byPassword && keyboardInteractive !== true ? 'yes' : 'no'}
KbdInteractiveAuthentication ${keyboardInteractive === true ? 'yes' : 'no'}
PermitRootLogin no
Subsystem sftp internal-sftp
`
}

function writeStandIns({ musl, arch, clockOffMs }: HostQuirks, write: Write): void {
  const renamed = (path: string) => {
    write(`${path}.real`, '', 0o755)
    return `${path}.real`
  }
  if (arch !== undefined) {
    write(
      '/usr/bin/uname',
      `#!/bin/sh\ncase "$1" in -m|-p|--machine) echo ${arch} ;; *) ${renamed('/usr/bin/uname')} "$@" | sed 's/x86_64/${arch}/g' ;; esac\n`,
      0o755,
    )
  }
  if (clockOffMs !== undefined) {
    write('/usr/bin/date', `#!/bin/sh\nexec ${renamed('/usr/bin/date')} -d '${clockOffMs / 1_000} seconds' "$@"\n`, 0o755)
  }
  if (musl === true) {
    write('/usr/bin/ldd', "#!/bin/sh\nprintf 'musl libc (x86_64)\\nVersion 1.2.4\\nDynamic Program Loader\\n' >&2\nexit 1\n", 0o755)
    write('/usr/bin/getconf', '#!/bin/sh\necho "getconf: $1: unknown variable" >&2\nexit 1\n', 0o755)
    write('/usr/lib/ld-musl-x86_64.so.1', '', 0o755)
  }
}

const alwaysHidden = ['node', 'npm', 'npx', 'nodejs']
const toolsOfRich = ['curl', 'wget', 'python3', 'python', 'perl', 'nc', 'netcat', 'nc.openbsd', 'busybox']

/** Programs of this machine that a host has not. */
export function hiddenPrograms({ bare, cron, without = [] }: HostQuirks): string[] {
  const names = [...alwaysHidden, ...(bare === true ? toolsOfRich : []), ...(cron === true ? [] : ['crontab']), ...without]
  return names.map((name) => `/usr/bin/${name}`).filter((path) => existsSync(path))
}

function writeHome({ home: homes }: HostFolders, { noisyShell }: HostQuirks): void {
  const home = join(homes, 'user')
  mkdirSync(home, { recursive: true, mode: 0o755 })
  chownSync(home, bedUser.uid, bedUser.uid)
  if (noisyShell !== true) return
  const noise = 'echo "Welcome to $(hostname)! Today: 42 %s -- {\\"json\\": 1}"; echo "quota: none" >&2\n'
  for (const name of ['.bashrc', '.profile', '.cshrc']) {
    writeFileSync(join(home, name), name === '.cshrc' ? 'echo "Welcome, friend of csh"\n' : noise)
    chownSync(join(home, name), bedUser.uid, bedUser.uid)
  }
}
