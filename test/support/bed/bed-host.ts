import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, chownSync, copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { system } from '../own-namespace.ts'
import { listOwned } from './changes.ts'
import { type HostFolders, readHostKey, writeHostFiles } from './host-files.ts'
import { type Machine, startMachine } from './machine.ts'
import type { BedNetwork } from './network.ts'
import { bedUser, type HostQuirks } from './quirks.ts'
import { startScript } from './start-script.ts'

type Place = { readonly quirks: HostQuirks; readonly index: number; readonly addresses: readonly string[]; readonly folders: HostFolders }
type Shared = { readonly network: BedNetwork; readonly publicKey: string; readonly hosts: string }

/** A host of the bed. What it does to itself, root of this machine does inside its namespaces: nothing is changed outside. */
export class BedHost {
  readonly name: string
  /** Where the test reaches it; behind the jump host, where the others do. */
  readonly address: string
  /** On the network behind the jump host, where it has one there. */
  readonly innerAddress: string
  readonly port = 22
  readonly user = bedUser.name
  readonly home = bedUser.home
  readonly quirks: HostQuirks
  private readonly place: Place
  private readonly network: BedNetwork
  private machine: Machine | undefined
  private cards: readonly string[] = []
  private baseline = new Set<string>()

  constructor(place: Place, shared: Shared) {
    this.place = place
    this.network = shared.network
    this.quirks = place.quirks
    this.name = place.quirks.name
    this.address = place.addresses[0] ?? ''
    this.innerAddress = place.addresses.at(-1) ?? ''
    writeHostFiles(place.folders, place.quirks, shared)
  }

  /** What it differs in from this machine; its /home and /var/tmp lie beside. */
  get upperDir(): string {
    return this.place.folders.upper
  }

  /** `ssh-ed25519 AAAA…` */
  get hostKey(): string {
    return readHostKey(this.place.folders)
  }

  /** `SHA256:…` as ssh shows it. */
  get hostKeyFingerprint(): string {
    const blob = Buffer.from(this.hostKey.split(' ')[1] ?? '', 'base64')
    return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
  }

  /** Runs a shell command inside, as root or as the user. @throws Error with both outputs when it fails */
  run(command: string, as: 'root' | 'user' = 'root'): string {
    const { status, stdout, stderr } = this.try(command, as)
    if (status !== 0) throw new Error(`${this.name}: ${command}: ended with ${status}: ${stdout}${stderr}`)
    return stdout
  }

  try(command: string, as: 'root' | 'user' = 'root'): { status: number | null; stdout: string; stderr: string } {
    return spawnSync('nsenter', [...this.enter(as), '/bin/sh', '-c', command], { encoding: 'utf8', env: this.env(as), maxBuffer: 1 << 26 })
  }

  /** Arguments of `nsenter` with which a program runs inside; for tests that start one themselves, with `env`. */
  enter(as: 'root' | 'user' = 'root'): string[] {
    const user = ['setpriv', '--reuid', String(bedUser.uid), '--regid', String(bedUser.uid), '--clear-groups', '--']
    return ['-t', String(this.pid), '-m', '-u', '-i', '-n', '-p', '--', ...(as === 'user' ? user : [])]
  }

  env(as: 'root' | 'user' = 'root'): Record<string, string> {
    if (as === 'root') return { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' }
    return { PATH: '/usr/bin:/bin', HOME: bedUser.home, USER: bedUser.name, LOGNAME: bedUser.name, SHELL: '/bin/sh' }
  }

  /** Of its first process, as this machine counts. @throws Error while it is off */
  get pid(): number {
    if (!this.machine) throw new Error(`host ${this.name} of the bed is off`)
    return this.machine.pid
  }

  /** Puts a file of this machine there, owned by the user; the folders above are made. */
  put(localPath: string, path: string, mode = 0o644): void {
    this.run(`mkdir -p '${dirname(path)}'`, 'user')
    const target = this.rootDir + path
    copyFileSync(localPath, target)
    chownSync(target, bedUser.uid, bedUser.uid)
    chmodSync(target, mode)
  }

  /** Its file systems as this machine sees them while it is on. */
  get rootDir(): string {
    return `/proc/${this.pid}/root`
  }

  /** Files and folders of the user that were not there when the bed was made, as paths on the host. */
  listChanges(): string[] {
    return listOwned(this.place.folders, this.machine?.pid).filter((path) => !this.baseline.has(path))
  }

  /** The user's processes that run on it, without those of sshd itself and those that are ending: pid as counted there, and command line. */
  processes(): { pid: number; command: string }[] {
    const proc = join(this.rootDir, 'proc')
    const found: { pid: number; command: string }[] = []
    for (const name of readdirSync(proc).filter((each) => /^\d+$/.test(each))) {
      try {
        const status = readFileSync(`${proc}/${name}/status`, 'utf8')
        if (!new RegExp(`^Uid:\\t${bedUser.uid}\\t`, 'm').test(status) || /^State:\tZ/m.test(status)) continue
        const command = readFileSync(`${proc}/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
        if (command !== '' && !command.startsWith('sshd: ')) found.push({ pid: Number(name), command })
      } catch {
        // it has ended meanwhile
      }
    }
    return found
  }

  async powerOn(): Promise<void> {
    if (this.machine) return
    const { folders, quirks, addresses, index } = this.place
    const script = join(folders.base, 'start.sh')
    writeFileSync(script, startScript(folders, quirks, addresses))
    const machine = await startMachine(this.name, script)
    this.machine = machine
    this.cards = this.network.plug(this.bridges(), index, machine.pid)
    await machine.finish()
  }

  /** As if the cable were pulled: every process ends at once, /tmp, /run and /dev/shm are empty afterwards. */
  async powerOff(): Promise<void> {
    const machine = this.machine
    this.machine = undefined
    await machine?.kill()
    this.network.unplug(this.cards)
    this.cards = []
  }

  killNow(): void {
    this.machine?.child.kill('SIGKILL')
  }

  takeBaseline(): void {
    this.baseline = new Set(listOwned(this.place.folders, this.pid))
  }

  /** New connections from that host to a TCP port of this one get no answer. Those that are open stay. */
  block(from: BedHost, port: number): void {
    for (const address of from.place.addresses) {
      this.run(`ip rule show | grep -q '^100:' || { ip rule add pref 100 lookup local; ip rule del pref 0 lookup local; }
ip rule add pref 10 from ${address} ipproto tcp dport ${port} blackhole`)
    }
  }

  unblock(): void {
    this.run('while ip rule del pref 10 2>/dev/null; do :; done')
  }

  /** Nothing goes in or out any more, and neither side is told. `front`: only on the network where the test is. */
  cutLink(where: 'everywhere' | 'front' = 'everywhere'): void {
    for (const card of where === 'front' ? this.cards.slice(0, 1) : this.cards) system('ip', 'link', 'set', card, 'down')
  }

  restoreLink(): void {
    for (const card of this.cards) system('ip', 'link', 'set', card, 'up')
  }

  /** Ends its sshd and every session of it; what sessions started goes on where it was told to. */
  killSshd(): void {
    // One that is still ending holds the port, and the next one would end without a word.
    this.run('pkill -KILL -x sshd || true; for n in $(seq 250); do pgrep -r R,S,D -x sshd >/dev/null || break; sleep 0.02; done')
  }

  startSshd(): void {
    const listens = `grep -q ':${this.port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A' /proc/net/tcp`
    this.run(
      `for n in $(seq 50); do ${listens} && exit 0; /usr/sbin/sshd -f /etc/bed/sshd_config -E /var/log/sshd.log; sleep 0.1; done; ${listens}`,
    )
  }

  restartSshd(): void {
    this.killSshd()
    this.startSshd()
  }

  /** As after a new installation under the same address. */
  changeHostKey(): void {
    // From inside: a change beneath a mounted overlay is not seen there.
    this.run('rm /etc/bed/host_key*; ssh-keygen -q -t ed25519 -N "" -C "" -f /etc/bed/host_key')
    this.restartSshd()
  }

  /** Stops every process but the first, as a machine that hangs does: connections stay and nobody answers. */
  freeze(): void {
    this.run('kill -STOP -1')
  }

  thaw(): void {
    this.run('kill -CONT -1')
  }

  private bridges(): string[] {
    const { front, back } = this.network
    if (this.quirks.behindJump === true) return [back]
    return this.place.addresses.length > 1 ? [front, back] : [front]
  }
}
