import { createHash } from 'node:crypto'
import { findLeftovers, removeLeftovers } from '#src-main/bootstrap/leftovers.ts'
import { probeMachine } from '#src-main/bootstrap/probe.ts'
import type { Leftover } from '#src-main/contract/machines.ts'
import type { HostConnection } from '#src-main/ssh/host-connection.ts'
import { type Bed, createBed, whyNoBed, whyNoCron } from '#test/support/bed/bed.ts'
import type { BedHost } from '#test/support/bed/bed-host.ts'
import { connectHost } from '#test/support/bed/connect-host.ts'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

const missing = whyNoCron()
const root = '/home/user/.shoal'
const [used, unused] = ['a'.repeat(64), 'b'.repeat(64)]
const session = (cluster: string) => `${root}/clusters/lab-${cluster}/m-000000000001`
const [known, orphan] = [session('c-000000000001'), session('c-000000000002')]
const hashOf = (path: string) => createHash('sha256').update(path).digest('hex').slice(0, 12)

describe.skipIf(missing || whyNoBed())(`what earlier runs left${missing === undefined ? '' : ` (needs ${missing})`}`, () => {
  let bed: Bed
  let host: BedHost
  let connection: HostConnection
  beforeAll(async () => {
    bed = await createBed({ hosts: [{ name: 'used', cron: true, noisyShell: true }] })
    host = bed.host('used')
    connection = await connectHost(bed, host)
  })
  afterAll(async () => {
    connection?.close()
    await bed?.close()
  })
  afterEach(() => {
    host.run(
      `pkill -KILL -u user -f ${root}; rm -rf ${root} /home/user/node /tmp/* /dev/shm/* /home/user/.config; crontab -u user -r; true`,
    )
  })

  const find = () => findLeftovers(connection, { known: { sessionFolders: [known], payloads: [used] } })
  const words = (found: readonly Leftover[]) =>
    found.map(({ kind, what }) => `${kind} ${kind === 'process' ? what.split(':')[0] : what}`).toSorted()

  /** A process that has a payload's Node as its program and the words of a daemon, and does nothing. It is a copy of dash. */
  function daemon(hash: string, temp: string, env = ''): void {
    const node = `${root}/runtime/${hash}/bin/node`
    host.run(
      `mkdir -p ${root}/runtime/${hash}/bin ${temp}/node; [ -e ${node} ] || cp /bin/dash ${node}; printf '%s\\n' ${hash} >${temp}/payload
${env} setsid ${node} -c 'while :; do sleep 0.1; done' agent.mjs --temp-dir ${temp} >/dev/null 2>&1 </dev/null &`,
      'user',
    )
  }
  /** The memory of a store that this process owns; 1 is none of ours that runs. */
  const store = (name: string, pid: number | string) =>
    host.run(
      `mkdir -m 700 /dev/shm/shoal-12345-${name}; printf '{"pid":%s,"startTicks":"%s","bootId":"%s","pidNamespace":"%s"}' ${pid} "$(sed 's/.*) //' /proc/${pid}/stat | cut -d ' ' -f 20)" "$(cat /proc/sys/kernel/random/boot_id)" "$(readlink /proc/self/ns/pid)" >/dev/shm/shoal-12345-${name}/owner.json; head -c 10000 /dev/zero >/dev/shm/shoal-12345-${name}/data`,
      'user',
    )
  /** Once it is that program: `setsid`, which it was before, has the same words at its end. */
  const pidOf = (temp: string): number =>
    host.processes().find(({ command }) => !command.startsWith('setsid ') && command.endsWith(temp))?.pid ?? -1

  test('are found by kind, without what is known; removal takes them away and nothing else', async () => {
    daemon(used, known)
    daemon(unused, orphan)
    await expect.poll(() => Math.min(pidOf(known), pidOf(orphan))).toBeGreaterThan(0)
    store('live', pidOf(known))
    store('orphan', pidOf(orphan))
    host.run('sleep 0.1 & echo $! >/tmp/pid; wait', 'user')
    host.run(
      `mkdir -m 700 /dev/shm/shoal-12345-dead; printf '{"pid":99999,"startTicks":"5","bootId":"%s","pidNamespace":"%s"}' "$(cat /proc/sys/kernel/random/boot_id)" "$(readlink /proc/self/ns/pid)" >/dev/shm/shoal-12345-dead/owner.json
mkdir -m 700 /dev/shm/shoal-12345-foreign /tmp/shoal-12345-s-${hashOf(known)} /tmp/shoal-12345-s-${hashOf(orphan)} /tmp/shoal-12345; rm /tmp/pid
printf x >${root}/runtime/.${unused}.m-000000000001.tar.gz.part; : >${root}/.made-by-shoal
mkdir -p ~/.config/systemd/user; for c in 1 2; do printf '[Unit]\\n' >~/.config/systemd/user/shoal-c-00000000000$c.service; done
printf '%s\\n' '0 1 * * * echo mine' '@reboot /bin/sh "x" # shoal:c-000000000001' '@reboot /bin/sh "y" # shoal:c-000000000002' | crontab -`,
      'user',
    )
    host.run('mkdir /dev/shm/shoal-12345-of-root; echo {} >/dev/shm/shoal-12345-of-root/owner.json')
    const before = host.listChanges()
    const found = await find()
    expect(host.listChanges()).toEqual(before)
    expect(words(found)).toEqual(
      [
        'cron @reboot /bin/sh "y" # shoal:c-000000000002',
        'folder /tmp/shoal-12345',
        `folder ${orphan}`,
        `folder ${root}/runtime/.${unused}.m-000000000001.tar.gz.part`,
        `folder ${root}/runtime/${unused}`,
        `process ${pidOf(orphan)}`,
        'service /home/user/.config/systemd/user/shoal-c-000000000002.service',
        'shared-memory /dev/shm/shoal-12345-dead',
        'shared-memory /dev/shm/shoal-12345-orphan',
        `socket /tmp/shoal-12345-s-${hashOf(orphan)}`,
      ].toSorted(),
    )
    const process = found.find(({ kind }) => kind === 'process')
    expect(process?.detail).toContain(`runs now, for ${orphan}`)
    expect(Math.abs((process?.sinceMs ?? 0) - Date.now())).toBeLessThan(60_000)
    expect(found.find(({ what }) => what.endsWith('-orphan'))?.sizeBytes).toBeGreaterThan(10_000)

    const { removed, kept } = await removeLeftovers(connection, found)
    expect(kept).toEqual([])
    expect(removed).toEqual(found)
    expect(await find()).toEqual([])
    expect(pidOf(orphan)).toBe(-1)
    expect(pidOf(known)).toBeGreaterThan(0)
    expect(host.run('crontab -l', 'user')).toBe('0 1 * * * echo mine\n@reboot /bin/sh "x" # shoal:c-000000000001\n')
    expect(
      host.try(
        `ls -d ${known}/payload ${root}/runtime/${used}/bin/node /dev/shm/shoal-12345-live /dev/shm/shoal-12345-of-root /tmp/shoal-12345-s-${hashOf(known)} /home/user/.config/systemd/user/shoal-c-000000000001.service`,
      ).status,
    ).toBe(0)
  })

  test('a session that runs is no leftover for a probe, whoever started it; one that does not is', async () => {
    daemon(unused, orphan)
    host.run(`mkdir -p ${known}/node; echo ${used} >${known}/payload`, 'user')
    await expect.poll(() => pidOf(orphan)).toBeGreaterThan(0)
    const facts = await probeMachine(connection, { ports: [], nowMs: Date.now })
    expect(words(facts.leftovers)).toEqual([`folder ${known}`])
    expect(facts.payloads).toEqual([unused])
  })

  test('a node that was started by hand from elsewhere is no leftover, nor is what it uses', async () => {
    const temp = '/tmp/shoal-12345'
    host.run(
      `mkdir -p ${temp}/node; cp /bin/dash /home/user/node; setsid /home/user/node -c 'while :; do sleep 0.1; done' agent.mjs --temp-dir ${temp} >/dev/null 2>&1 </dev/null &`,
      'user',
    )
    await expect.poll(() => pidOf(temp)).toBeGreaterThan(0)
    expect(await find()).toEqual([])
    host.run(`kill -9 ${pidOf(temp)}`)
    await expect.poll(() => pidOf(temp)).toBe(-1)
    expect(words(await find())).toEqual([`folder ${temp}`])
    host.run(`mkdir ${temp}/known; echo ${known} >${temp}/known/0123456789abcdef`, 'user')
    expect(await find()).toEqual([])
  })

  test('a process of a job that lost its node is found by what it inherited', async () => {
    host.run(
      `mkdir -p ${orphan}; SHOAL_JOB_RUN=0123456789abcdef SHOAL_TEMP_DIR=${orphan} setsid sleep 555 >/dev/null 2>&1 </dev/null &`,
      'user',
    )
    await expect.poll(() => host.processes().length).toBe(1)
    const found = (await probeMachine(connection, { ports: [], nowMs: Date.now })).leftovers
    expect(found.map(({ kind }) => kind)).toEqual(['process', 'folder'])
    expect((await removeLeftovers(connection, found)).kept).toEqual([])
    expect(host.processes()).toEqual([])
  })

  test('each is looked at again before it goes: what is used by now, is not ours, or is somewhere else stays, with the reason', async () => {
    daemon(unused, orphan)
    await expect.poll(() => pidOf(orphan)).toBeGreaterThan(0)
    store('live', pidOf(orphan))
    host.run('setsid sleep 444 >/dev/null 2>&1 </dev/null &', 'user')
    await expect.poll(() => host.processes().some(({ command }) => command === 'sleep 444')).toBe(true)
    host.run(`mkdir -p /home/user/mine/clusters; ln -s /home/user/mine ${root}/runtime/${used}; touch /home/user/precious`, 'user')
    const stranger = host.processes().find(({ command }) => command === 'sleep 444')?.pid ?? -1
    const ticks = host.run(`sed 's/.*) //' /proc/${stranger}/stat | cut -d ' ' -f 20`).trim()
    const one = (kind: Leftover['kind'], what: string): Leftover => ({ kind, what, detail: '', sizeBytes: null, sinceMs: null })
    const asked = [
      one('process', `${pidOf(orphan)}:1`), //         another process had that pid
      one('process', `${stranger}:${ticks}`),
      one('shared-memory', '/dev/shm/shoal-12345-live'),
      one('shared-memory', '/dev/shm/shoal-12345-x/../../../home/user/mine'),
      one('folder', orphan),
      one('folder', `${root}/runtime/${unused}`),
      one('folder', `${root}/runtime/${used}`),
      one('folder', '/home/user/precious'),
      one('folder', `${root}/clusters/../../precious`),
      one('folder', '/etc'),
      one('socket', '/tmp/shoal-12345-s-/../../home'),
      one('service', '/home/user/precious'),
      one('cron', "x'; touch /home/user/injected; '"),
    ]
    const { removed, kept } = await removeLeftovers(connection, asked)
    expect(removed).toEqual([asked[0]])
    expect(kept.map(({ leftover }) => leftover)).toEqual(asked.slice(1))
    for (const { why } of kept) expect(why).not.toBe('')
    expect(kept.find(({ leftover }) => leftover === asked[4])?.why).toBe(`process ${pidOf(orphan)} uses it`)
    expect(pidOf(orphan)).toBeGreaterThan(0)
    expect(host.try('ls -d /home/user/precious /home/user/mine/clusters /dev/shm/shoal-12345-live').status).toBe(0)
    expect(host.listChanges()).not.toContain('/home/user/injected')
    host.run('rm -rf /home/user/mine /home/user/precious; pkill -x sleep -u user; true')
  })

  test('an upload that somebody writes now stays', async () => {
    const part = `${root}/runtime/.${unused}.m-000000000001.tar.gz.part`
    host.run(
      `mkdir -p ${root}/runtime; setsid sh -c 'while :; do head -c 5000 /dev/zero >>${part}; sleep 0.05; done' >/dev/null 2>&1 </dev/null &`,
      'user',
    )
    await expect.poll(() => host.listChanges()).toContain(part)
    const { kept } = await removeLeftovers(connection, await find())
    expect(kept.map(({ why }) => why)).toEqual(['it is being written now'])
  })

  test('when the last of ours goes, the folder that we made goes too', async () => {
    host.run(`mkdir -p ${orphan} ${root}/runtime/${unused}; : >${root}/.made-by-shoal`, 'user')
    expect((await removeLeftovers(connection, await find())).kept).toEqual([])
    expect(host.listChanges()).toEqual([])
  })
})
