import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noNamespace, system } from '../own-namespace.ts'
import { BedHost } from './bed-host.ts'
import { hostFolders } from './host-files.ts'
import { isAlive, makeNetwork, removeStaleBridges } from './network.ts'
import type { HostQuirks } from './quirks.ts'

export type Bed = {
  /** In the order asked for. The jump host, where there is one, is not among them. */
  readonly hosts: readonly BedHost[]
  readonly jump: BedHost | undefined
  /** By name, the jump host `jump` too. @throws Error when there is none */
  host(name: string): BedHost
  readonly keyFile: string
  /** Lines of a known_hosts file for every host as it is now. */
  readonly knownHosts: string
  /** Names of its two bridges on this machine. */
  readonly bridges: readonly string[]
  /** A folder for the test's own files, such as known_hosts; it goes with the bed. */
  readonly folder: string
  /** Ends and removes everything of it: processes, namespaces, mounts, bridges, files. */
  close(): Promise<void>
}

const prefix = 'shoal-bed-'

/** Why no bed can be made here, as what is missing; undefined when one can. */
export function whyNoBed(): string | undefined {
  const missing = noNamespace('mount', 'network')
  if (missing !== undefined) return missing
  for (const [program, fix] of Object.entries(needed)) {
    if (!existsSync(program)) return `${program} (Debian: apt-get install ${fix})`
  }
  return readFileSync('/proc/filesystems', 'utf8').includes('overlay') ? undefined : 'overlay file systems'
}

const needed = {
  '/usr/sbin/sshd': 'openssh-server',
  '/usr/bin/ssh-keygen': 'openssh-client',
  '/usr/bin/openssl': 'openssl',
  '/usr/bin/setpriv': 'util-linux',
}

/** Why a bed has no host with `cron`; undefined when it can have. */
export const whyNoCron = (): string | undefined =>
  whyNoBed() ?? (existsSync('/usr/sbin/cron') ? undefined : 'cron (Debian: apt-get install cron)')

/**
 * Makes hosts that are machines of their own as far as programs on them can tell: address, name, users, file systems, processes, sshd.
 * Close it even when a test fails; a process that ends without takes its hosts along, and a later bed removes the rest.
 */
export async function createBed(options: { hosts: readonly HostQuirks[]; jump?: boolean }): Promise<Bed> {
  removeStale()
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`))
  const keyFile = join(folder, 'key')
  system('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'bed', '-f', keyFile)
  const network = makeNetwork()
  const wanted: HostQuirks[] = [...options.hosts, ...(options.jump === true ? [{ name: 'jump' }] : [])]
  const places = wanted.map((quirks, index) => ({ quirks, index, addresses: addressesOf(quirks, index) }))
  function addressesOf({ name, behindJump, bothNetworks }: HostQuirks, index: number): string[] {
    if (behindJump === true) return [network.addressOf('back', index)]
    return name === 'jump' || bothNetworks === true
      ? [network.addressOf('front', index), network.addressOf('back', index)]
      : [network.addressOf('front', index)]
  }
  const shared = {
    network,
    publicKey: readFileSync(`${keyFile}.pub`, 'utf8'),
    hosts: places.map(({ quirks, addresses }) => `${addresses.at(-1)} ${quirks.name}\n`).join(''),
  }
  const all = places.map((place) => new BedHost({ ...place, folders: hostFolders(join(folder, 'hosts', place.quirks.name)) }, shared))
  const remove = () => {
    network.remove()
    rmSync(folder, { recursive: true, force: true })
  }
  const atExit = () => {
    for (const host of all) host.killNow()
    remove()
  }
  process.once('exit', atExit)
  const close = async () => {
    await Promise.all(all.map((host) => host.powerOff()))
    network.remove()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    process.removeListener('exit', atExit)
  }
  try {
    await Promise.all(all.map((host) => host.powerOn()))
    for (const host of all) host.takeBaseline()
  } catch (error) {
    await close()
    throw error
  }
  return {
    hosts: all.slice(0, options.hosts.length),
    jump: options.jump === true ? all.at(-1) : undefined,
    host: (name) => {
      const found = all.find((each) => each.name === name)
      if (!found) throw new Error(`the bed has no host ${name}`)
      return found
    },
    keyFile,
    get knownHosts() {
      return all.map((host) => `${host.address} ${host.hostKey}\n`).join('')
    },
    bridges: [network.front, network.back],
    folder,
    close,
  }
}

/** What beds of killed processes left. */
function removeStale(): void {
  removeStaleBridges()
  for (const name of readdirSync(tmpdir())) {
    const pid = /^shoal-bed-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) spawnSync('rm', ['-rf', join(tmpdir(), name)])
  }
}
