import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { type Bed, createBed, whyNoBed, whyNoCron } from '#test/support/bed/bed.ts'
import type { BedHost } from '#test/support/bed/bed-host.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const missing = whyNoBed()
const withoutCron = whyNoCron()
const repository = fileURLToPath(new URL('../../..', import.meta.url))

const optionsOf = (bed: Bed): string[] => {
  const known = join(bed.folder, 'known')
  writeFileSync(known, bed.knownHosts)
  return ['-F', 'none', '-o', `UserKnownHostsFile=${known}`, '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=3', '-i', bed.keyFile]
}
const ssh = (bed: Bed, host: BedHost, command: string, more: readonly string[] = []): SpawnSyncReturns<string> =>
  spawnSync('ssh', [...more, ...optionsOf(bed), `${host.user}@${host.address}`, command], { encoding: 'utf8' })
/** What the kernel counts of beds: links, mounts of this namespace, folders, processes. */
const traces = ({ folder, bridges }: Pick<Bed, 'folder' | 'bridges'>): string[] => [
  ...spawnSync('ip', ['-o', 'link'], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => bridges.some((bridge) => line.includes(bridge))),
  ...readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .filter((line) => line.includes(folder)),
  ...spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => line.includes(folder)),
  ...(existsSync(folder) ? [folder] : []),
]

describe.skipIf(missing)(`a bed of hosts${missing === undefined ? '' : ` (needs ${missing})`}`, () => {
  let bed: Bed
  let a: BedHost
  let b: BedHost
  beforeAll(async () => {
    bed = await createBed({
      jump: true,
      hosts: [
        { name: 'a' },
        { name: 'b', bare: true, shmBytes: 65_536, noisyShell: true },
        { name: 'inner', behindJump: true },
        { name: 'full', fullDisk: true },
        { name: 'fixed', readOnlyHome: true, noShm: true },
        { name: 'noexec', noexecHome: true, smallTmp: true },
        { name: 'odd', arch: 'riscv64', clockOffMs: 3_600_000, musl: true },
        { name: 'word', password: 'open sesame' },
        { name: 'shut', refuseKey: true },
      ],
    })
    a = bed.host('a')
    b = bed.host('b')
  })
  afterAll(async () => await bed?.close())

  test('gives each host its name, its user without rights, and a file system that does not show this repository', () => {
    expect(ssh(bed, a, 'hostname; id -un; id -u; echo $HOME').stdout).toBe('a\nuser\n12345\n/home/user\n')
    expect(ssh(bed, a, `ls -d ${repository} ${process.execPath} ~root/* 2>/dev/null; command -v node npm`).stdout).toBe('')
    for (const command of ['touch /etc/x', 'cat /etc/shadow', 'mount -t tmpfs x /mnt', 'su -c id </dev/null', 'sudo -n id']) {
      expect([command, ssh(bed, a, command).status]).not.toEqual([command, 0])
    }
  })

  test('keeps what hosts write apart, in home, /tmp, /dev/shm and /var/tmp, and lists it', () => {
    const paths = ['/home/user/mine', '/tmp/mine', '/dev/shm/mine', '/var/tmp/mine']
    ssh(bed, a, `touch ${paths.join(' ')}`)
    for (const path of paths) expect(existsSync(path)).toBe(false)
    expect(ssh(bed, b, `ls ${paths.join(' ')} 2>/dev/null | wc -l`).stdout).toBe('Welcome to b! Today: 42 %s -- {"json": 1}\n0\n')
    expect(a.listChanges()).toEqual(paths.toSorted())
    ssh(bed, a, `rm ${paths.join(' ')}`)
    expect(a.listChanges()).toEqual([])
  })

  test('sees the processes of the user, and gathers those that nobody waits for', async () => {
    ssh(bed, a, 'setsid sh -c "(sleep 0.01 &) ; exec sleep 77" >/dev/null 2>&1 </dev/null &')
    await expect.poll(() => a.processes().map(({ command }) => command)).toEqual(['sleep 77'])
    await expect.poll(() => a.run('ps -eo stat= | grep -c Z || true')).toBe('0\n')
    a.run('pkill -x sleep -u user')
    await expect.poll(() => a.processes()).toEqual([])
  })

  test('leads through the jump host only to what is behind it', () => {
    const inner = bed.host('inner')
    const jump = bed.jump
    expect(ssh(bed, inner, 'true').status).toBe(255)
    const proxy = `ProxyCommand=ssh ${optionsOf(bed).join(' ')} -W %h:%p ${jump?.user}@${jump?.address}`
    expect(ssh(bed, inner, 'hostname', ['-o', proxy]).stdout).toBe('inner\n')
  })

  test('blocks one port from one host and no other', async () => {
    const dial = (from: BedHost, port: number) => from.try(`timeout 1 bash -c 'exec 3<>/dev/tcp/${a.address}/${port}'`).status
    a.run('setsid python3 -m http.server 7000 >/dev/null 2>&1 </dev/null &')
    await expect.poll(() => dial(b, 7_000)).toBe(0)
    a.block(b, 7_000)
    expect([dial(b, 7_000), dial(bed.host('full'), 7_000), dial(b, 22), dial(b, 7_001)]).toEqual([124, 0, 0, 1])
    a.unblock()
    expect(dial(b, 7_000)).toBe(0)
    a.run('pkill -f [h]ttp.server')
  })

  test('cuts the link, stops and starts sshd, and takes another host key', () => {
    a.cutLink()
    expect(ssh(bed, a, 'true').status).toBe(255)
    a.restoreLink()
    expect(ssh(bed, a, 'true').status).toBe(0)
    a.killSshd()
    expect(ssh(bed, a, 'true').stderr).toContain('refused')
    a.startSshd()
    const before = a.hostKeyFingerprint
    const known = optionsOf(bed)
    a.changeHostKey()
    expect(a.hostKeyFingerprint).not.toBe(before)
    const changed = spawnSync('ssh', [...known, `${a.user}@${a.address}`, 'true'], { encoding: 'utf8' })
    expect(changed.stderr).toContain('HOST IDENTIFICATION HAS CHANGED')
    expect(ssh(bed, a, 'true').status).toBe(0)
  })

  test('loses power: processes and memory are gone, files stay, and cron-less hosts come back empty', async () => {
    ssh(bed, b, 'touch ~/kept /dev/shm/lost; setsid sleep 99 >/dev/null 2>&1 </dev/null &')
    await b.powerOff()
    expect(ssh(bed, b, 'true').status).toBe(255)
    expect(b.listChanges()).toEqual(['/home/user/kept'])
    await b.powerOn()
    expect(ssh(bed, b, 'ls ~ /dev/shm').stdout).toContain('/dev/shm:\n\n/home/user:\nkept\n')
    expect(b.processes()).toEqual([])
  })

  test('freezes a host as a whole, and wakes it', async () => {
    a.freeze()
    const waiting = spawn('ssh', [...optionsOf(bed), `${a.user}@${a.address}`, 'true'], { stdio: 'ignore' })
    const first = await Promise.race([once(waiting, 'exit'), new Promise((resolve) => setTimeout(resolve, 700, 'silence'))])
    a.thaw()
    expect(first).toBe('silence')
    waiting.kill()
    expect(ssh(bed, a, 'true')).toMatchObject({ status: 0 })
  })

  test('has the faults that were asked for', () => {
    expect(bed.host('full').try('head -c 200000 /dev/zero > ~/x', 'user').stderr).toContain('No space left')
    expect(bed.host('fixed').try('touch ~/x', 'user').stderr).toContain('Read-only')
    expect(bed.host('fixed').try('ls /dev/shm').status).not.toBe(0)
    expect(bed.host('noexec').try('printf "#!/bin/sh\n" > ~/x; chmod +x ~/x; ~/x', 'user').stderr).toContain('Permission denied')
    expect(bed.host('noexec').try('head -c 2000000 /dev/zero > /tmp/x', 'user').stderr).toContain('No space left')
    const odd = bed.host('odd')
    expect(odd.run('uname -m; ldd 2>&1 | head -1')).toBe('riscv64\nmusl libc (x86_64)\n')
    expect(Math.abs(Number(odd.run('date +%s')) - Date.now() / 1_000 - 3_600)).toBeLessThan(5)
    expect(ssh(bed, bed.host('word'), 'true').stderr).toContain('Permission denied (password)')
    const asked = ssh(bed, bed.host('word'), 'hostname', ['-o', 'BatchMode=no', ...askpass(bed, 'open sesame')])
    expect(asked.stdout).toBe('word\n')
    expect(ssh(bed, bed.host('shut'), 'true').stderr).toContain('Permission denied (publickey)')
    expect(b.try('command -v curl || command -v python3 || command -v perl', 'user').stdout).toBe('')
  })

  test.skipIf(withoutCron)(
    `runs @reboot lines where there is cron${withoutCron === undefined ? '' : ` (needs ${withoutCron})`}`,
    async () => {
      const timed = await createBed({ hosts: [{ name: 'timed', cron: true }] })
      try {
        const [host] = timed.hosts
        host?.run('echo "@reboot touch /tmp/came-back" | crontab -', 'user')
        await host?.powerOff()
        await host?.powerOn()
        await expect.poll(() => host?.listChanges()).toContain('/tmp/came-back')
      } finally {
        await timed.close()
      }
    },
  )

  test('leaves nothing when it is closed, and starts eight hosts in less than three seconds', { retry: 2 }, async () => {
    const startedMs = performance.now()
    const second = await createBed({ hosts: Array.from({ length: 8 }, (_, index) => ({ name: `n${index}` })) })
    const tookMs = performance.now() - startedMs
    expect(traces(second).length).toBeGreaterThan(8)
    await second.close()
    expect(traces(second)).toEqual([])
    expect(tookMs).toBeLessThan(3_000)
  })

  test('dies with the process that made it, and the next bed removes the rest', async () => {
    const program = `
      import { createBed } from '#test/support/bed/bed.ts'
      const bed = await createBed({ hosts: [{ name: 'x' }] })
      console.log([bed.hosts[0].pid, bed.folder, ...bed.bridges].join(' '))
      setInterval(() => {}, 1_000)`
    const child = spawn(runtimeNode(), ['--no-warnings', '--input-type=module-typescript', '-e', program], {
      cwd: repository,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [said] = (await once(child.stdout, 'data')) as [Buffer] // the pipe has no encoding
    const pid = parseInt(said.toString(), 10)
    expect(commandOf(pid)).toContain('start.sh')
    const exit = once(child, 'exit') // until it is gathered, its number counts as that of a process that runs
    child.kill('SIGKILL')
    await exit
    await expect.poll(() => commandOf(pid)).toBe('')
    await (await createBed({ hosts: [] })).close()
    const left = () => traces({ folder: said.toString().split(' ')[1] ?? '', bridges: said.toString().trim().split(' ').slice(2) })
    await expect.poll(left, { timeout: 20_000 }).toEqual([]) // a bed of another test may be at it, too
  })
})

/** Empty for a process that has ended, whether or not somebody has gathered it. */
const commandOf = (pid: number): string => (existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '')

function askpass(bed: Bed, password: string): string[] {
  const program = join(bed.folder, 'askpass')
  writeFileSync(program, `#!/bin/sh\necho '${password}'\n`, { mode: 0o700 })
  Object.assign(process.env, { SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: 'force' })
  return ['-o', 'NumberOfPasswordPrompts=1']
}
