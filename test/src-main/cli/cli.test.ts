import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Machine } from '#src-main/contract/machines.ts'
import type { Operation } from '#src-main/contract/operations.ts'
import type { Output } from '#src-main/contract/panel.ts'
import { type Bed, createBed, whyNoBed } from '#test/support/bed/bed.ts'
import { ensurePayload } from '#test/support/payload.ts'
import { CliUser, outcomeOf, whyNoTerminal } from './cli-process.ts'

describe('without machines', () => {
  const user = new CliUser()
  afterAll(() => user.dispose())

  test('the list grows by words, ranges and files, and is kept', async () => {
    const added = await user.shoal('machine', 'add', 'me@gpu[01-03].lab:2222', '--group', 'lab/gpu', '--tag', 'big,fast')
    expect(added).toMatchObject({ code: 0, stderr: '' })
    expect(added.stdout).toContain('Added 3 machines.')
    const file = join(user.folder, 'hosts.txt')
    writeFileSync(file, 'root@desk\nroot@cellar:99999\nroot@attic:22\n')
    const fromFile = await user.shoal('machine', 'add', '--file', 'hosts.txt')
    expect(fromFile.code).toBe(1)
    expect(fromFile.stderr).toMatch(/^line 2: /)
    expect(fromFile.stdout).toContain('Added 2 machines; 1 line left out')
    const machines = await user.json<Machine[]>('machine', 'list')
    expect(machines.map(({ name }) => name).sort()).toHaveLength(5)
    expect(machines.find(({ host }) => host === 'gpu02.lab')).toMatchObject({
      port: 2_222,
      user: 'me',
      groups: ['lab/gpu'],
      tags: ['big', 'fast'],
    })
    expect((await user.json<Machine[]>('machine', 'list', '--group', 'lab')).map(({ host }) => host)).toHaveLength(3)
    expect((await user.shoal('machine', 'add', '--file', 'hosts.txt', '--skip-known')).stdout).toContain(
      'Added 0 machines; 2 known already',
    )
  })

  test('run runs a program that finds shoal, with nothing installed where it lies', async () => {
    writeFileSync(join(user.folder, 'program.ts'), "import * as shoal from 'shoal'\nconsole.log(typeof shoal.init, process.argv[2])\n")
    expect(await user.shoal('run', 'program.ts', 'word')).toEqual({ code: 0, stdout: 'function word\n', stderr: '' })
  })

  test('a dry run adds nothing, and a machine that is there already is refused', async () => {
    expect((await user.shoal('machine', 'add', 'x@new', '--dry-run')).stdout).toContain('Would add 1 machine.')
    expect((await user.json<Machine[]>('machine', 'list')).some(({ host }) => host === 'new')).toBe(false)
    const again = await user.shoal('machine', 'add', 'root@desk')
    expect(again).toMatchObject({ code: 1, stdout: '' })
    expect(again.stderr).toContain('desk')
    writeFileSync(join(user.folder, 'empty.txt'), '')
    expect(await user.shoal('machine', 'add', '--file', 'empty.txt')).toMatchObject({
      code: 1,
      stderr: 'shoal: --file empty.txt names no machine; write one user@host:port a line\n',
    })
  })

  test('set changes what is said of a machine, export writes it, remove takes it off', async () => {
    expect((await user.shoal('machine', 'set', 'desk', '--name', 'bench', '--note', 'under the desk')).code).toBe(0)
    expect(await user.json<Machine>('machine', 'show', 'bench')).toMatchObject({ host: 'desk', notes: 'under the desk' })
    const { stdout: exported } = await user.shoal('machine', 'export')
    expect(exported).toMatch(/^name,host,[^]*\nbench,/)
    expect(await user.shoal('machine', 'export', '--output', 'machines.csv')).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(readFileSync(join(user.folder, 'machines.csv'), 'utf8')).toBe(exported)
    expect((await user.shoal('machine', 'add', '--file', 'machines.csv', '--dry-run')).stderr).toBe('') // what was written is read
    expect((await user.shoal('machine', 'export', '--output', '/nowhere/machines.csv')).stderr).toBe(
      'shoal: --output /nowhere/machines.csv cannot be written: there is no such file or folder\n',
    )
    const refused = await user.shoal('machine', 'remove', 'bench', 'attic')
    expect(refused).toMatchObject({ code: 2 })
    expect(refused.stderr).toMatch(/2 machines leave the list: bench, attic\. .*--yes/)
    expect(await user.shoal('machine', 'remove', 'bench', 'attic', '--yes')).toMatchObject({ code: 0, stdout: 'Removed bench, attic.\n' })
  })

  test('what is not there is refused with what may have been meant, as an object where --json stands', async () => {
    const { code, stderr } = await user.shoal('machine', 'show', 'nowhere')
    expect(code).toBe(1)
    expect(stderr).toContain('nowhere')
    expect((await user.shoal('machine', 'check', 'gpu01.lob')).stderr).toContain('did you mean gpu01.lab')
    expect(await user.json('cluster', 'show', 'lab')).toMatchObject({ error: { code: 'cluster.not-found' } })
    expect((await user.shoal('cluster', 'list')).stdout).toBe('No clusters yet. Make one: shoal cluster create NAME --hosts hosts.txt\n')
    const both = await Promise.all([user.shoal('machine', 'list'), user.shoal('machine', 'list')]) // one waits for the other
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    expect((await user.shoal('cluster', 'follow')).stderr).toContain('no operation runs now')
  })

  test('commands find the panel that runs, and it ends in order', async () => {
    const panel = user.start('panel', '--json', '--no-open')
    const first = await new Promise<string>((resolve) => panel.stdout?.setEncoding('utf8').once('data', resolve))
    const { url, urlWithToken, readToken } = JSON.parse(first) as { url: string; urlWithToken: string; readToken: string }
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect((await fetch(`${url}/api/call`, { method: 'POST' })).status).toBeGreaterThanOrEqual(400)
    expect(urlWithToken.startsWith(url)).toBe(true)
    const ask = (method: string, token: string) =>
      fetch(`${url}/call/${method}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: '{"machine": "gpu01.lab"}',
      })
    expect((await ask('machines.get', readToken)).status).toBe(200)
    expect((await ask('machines.disconnect', readToken)).status).toBe(403)
    expect((await ask('machines.disconnect', urlWithToken.split('=')[1] ?? '')).status).toBe(200)
    expect((await user.json<Machine[]>('machine', 'list')).map(({ host }) => host)).toContain('gpu01.lab')
    expect(await user.json('panel', '--no-open')).toEqual({ url, urlWithToken, readToken, pid: panel.pid })
    const ended = new Promise((resolve) => panel.once('close', resolve))
    panel.kill('SIGINT')
    expect(await ended).toBe(0)
    expect((await user.json<Machine[]>('machine', 'list')).length).toBeGreaterThan(0)
  })
})

const missing = whyNoBed()

describe.skipIf(missing !== undefined)(`on hosts of a bed${missing === undefined ? '' : ` (skipped: no ${missing})`}`, () => {
  const user = new CliUser()
  let bed: Bed
  let hosts: string
  beforeAll(async () => {
    await ensurePayload()
    bed = await createBed({ hosts: [{ name: 'one' }, { name: 'two' }, { name: 'three', password: 'hunter2-planted' }] })
    hosts = bed.hosts.map(({ address }) => `user@${address}`).join('\n')
    for (const host of bed.hosts) {
      const added = await user.shoal(
        'machine',
        'add',
        `user@${host.address}`,
        '--name',
        host.name,
        '--key',
        bed.keyFile,
        '--folder',
        '/home/user/.shoal',
      )
      expect(added).toMatchObject({ code: 0 })
    }
  }, 180_000)
  afterAll(async () => {
    user.dispose()
    await bed?.close()
  })

  test('a new host key is refused where nobody can be asked, and the flag that helps is named', async () => {
    const { code, stdout, stderr } = await user.shoal('machine', 'exec', 'one', '--', 'true')
    expect(code).toBe(1)
    expect(stderr).toContain(bed.host('one').hostKeyFingerprint)
    expect(stderr).toContain('--accept-new-host-keys')
    expect(stdout).toBe('')
  })

  test.skipIf(whyNoTerminal() !== undefined)(
    'at a terminal the fingerprint is shown, and a wrong password asked again, unseen',
    async () => {
      const { code, text } = await user.onTerminal(
        ['machine', 'exec', 'three', '--', 'echo hi from $(hostname)'],
        [
          { wait: /Accept it\? Type yes/, type: 'yes\r' },
          { wait: /Password of user@.*: /, type: 'wrong-planted\r' },
          { wait: /Password of user@.*: /, type: 'hunter2-planted\r' },
        ],
      )
      expect(text).toContain(bed.host('three').hostKeyFingerprint)
      expect(text).toContain('hi from three')
      expect(code).toBe(0)
      expect(text).not.toContain('planted')
    },
    60_000,
  )

  test('one command on many machines: those that answer alike stand together, and the exit code tells', async () => {
    const password = join(user.folder, 'password')
    writeFileSync(password, 'hunter2-planted\n')
    chmodSync(password, 0o600)
    const flags = ['--accept-new-host-keys', '--password-file', password]
    const same = await user.shoal('machine', 'exec', '--all', ...flags, '--', 'echo same')
    expect(same).toMatchObject({ code: 0 })
    expect(same.stdout).toMatch(/^3 machines: one, two, three \(exit 0, .*\)\n {2}same\n$/)
    expect(same.stderr).toContain(`Accepted the new host key of user@${bed.host('two').address}:22`)
    const odd = await user.shoal('machine', 'exec', '--all', ...flags, '--', 'hostname; [ $(hostname) != two ]')
    expect(odd.code).toBe(1)
    expect(odd.stdout).toContain('1 machine: two (exit 1')
    const groups = await user.json<Output<'machines.exec'>>('machine', 'exec', 'one', 'two').catch(() => undefined) // --json stood behind nothing: a command is missing
    expect(groups).toMatchObject({ error: { code: 'bad-argument' } })
    const only = await user.shoal('machine', 'exec', 'one', '--', 'printf', '%s', 'a  b')
    expect(only).toMatchObject({ code: 0, stdout: 'a  b' })
  }, 60_000)

  test('check has a line for each machine, and tells what is wrong with one that cannot be reached', async () => {
    const { stdout } = await user.shoal('machine', 'check', 'one', 'two')
    expect(stdout).toMatch(/^NAME +OK +WARNINGS +BLOCKERS/)
    expect(stdout).toMatch(/\none +\d+/)
    await user.shoal('machine', 'add', `user@${bed.host('one').address}:9`, '--name', 'nobody')
    const bad = await user.shoal('machine', 'check', 'nobody')
    expect(bad.code).toBe(1)
    expect(bad.stdout).toContain('blocker')
    await user.shoal('machine', 'remove', 'nobody')
    const listed = await user.json<Machine[]>('machine', 'list')
    expect(listed.find(({ name }) => name === 'one')?.facts?.hostname).toBe('one')
  }, 60_000)

  test.skipIf(whyNoTerminal() !== undefined)(
    'a shell is a terminal there, and ends with its exit code',
    async () => {
      const { code, text } = await user.onTerminal(
        ['machine', 'shell', 'one'],
        [
          { wait: /\$ $/, type: 'unset HISTFILE; tty && echo "on $(hostname)"\r' },
          { wait: /on one/, type: 'exit 7\r' },
        ],
      )
      expect(text).toContain('/dev/pts/')
      expect(code).toBe(7)
      expect((await user.shoal('machine', 'shell', 'one')).stderr).toContain('needs a terminal')
    },
    60_000,
  )

  test('a list of hosts becomes a cluster that runs a job, and down leaves nothing', async () => {
    const file = join(user.folder, 'two-hosts.txt')
    writeFileSync(file, `${hosts.split('\n').slice(0, 2).join('\n')}\n`)
    const planned = await user.shoal('cluster', 'create', 'lab', '--hosts', file, '--plan')
    expect(planned.stdout).toMatch(/^Plan: create lab, 2 machines\n\nhead one\n/)
    const creating = user.start('cluster', 'create', 'lab', '--hosts', file)
    const interrupted = outcomeOf(creating)
    creating.stdout?.on('data', (piece: string) => piece.includes(': done in ') && creating.kill('SIGINT'))
    const broken = await interrupted
    expect(broken.stderr).toContain('Cancelling')
    expect(broken.code).toBe(130)
    const operation = /shoal cluster retry (op-\w+)/.exec(broken.stdout)?.[1] ?? ''
    const retried = await user.json<Operation>('cluster', 'retry', operation)
    expect(retried).toMatchObject({ id: operation, kind: 'create', state: 'done' })
    expect((await user.shoal('cluster', 'show', 'lab')).stdout).toMatch(/\none +head +started/)
    expect((await user.shoal('cluster', 'status', 'lab')).stdout).toContain('lab: 2 nodes alive')
    const sent = join(user.folder, 'sent')
    mkdirSync(sent)
    writeFileSync(join(sent, 'words.txt'), 'from a job\n')
    const job = await user.shoal('cluster', 'job', 'lab', '--working-dir', sent, '--', 'cat words.txt; exit 3')
    expect(job.stdout).toContain('from a job')
    expect(job.code).toBe(1)
    const joined = await user.shoal('cluster', 'add', 'lab', 'three', '--password-file', join(user.folder, 'password'))
    expect(joined.stdout).toMatch(/three: done\nAdd machines to lab: three: done/)
    const yaml = join(user.folder, 'lab.yaml')
    expect(await user.shoal('cluster', 'export', 'lab', '--output', yaml)).toMatchObject({ code: 0, stdout: '' })
    expect((await user.shoal('cluster', 'apply', yaml, '--plan')).stdout).toBe('lab is as the file says.\n')
    const kept = await user.shoal('cluster', 'remove', 'lab', 'three')
    expect([kept.code, kept.stderr]).toEqual([2, expect.stringContaining('three will leave lab')])
    const left = await user.json<Operation>('cluster', 'remove', 'lab', 'three', '--yes', '--password-file', join(user.folder, 'password'))
    expect(left).toMatchObject({ kind: 'remove', state: 'done' })
    expect(bed.host('three').listChanges()).toEqual([])
    const refused = await user.shoal('cluster', 'down', 'lab')
    expect(refused).toMatchObject({ code: 2 })
    expect(refused.stderr).toContain('--yes')
    const down = await user.shoal('cluster', 'down', 'lab', '--yes')
    expect(down.stdout).toMatch(/: done in /)
    expect(down.code).toBe(0)
    expect(bed.hosts.flatMap((host) => host.listChanges())).toEqual([])
    const gone = await user.shoal('cluster', 'status', 'lab')
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining('lab has no machines: it was taken down')])
    expect(gone.stdout).toMatch(/^From the record, .*\nlab: \d nodes? (was|were) alive\n/) // as they were seen last
    expect(await user.shoal('cluster', 'forget', 'lab')).toMatchObject({ code: 0 })
  }, 300_000)

  test('no secret is in what the panel keeps', () => {
    const files = listFiles(join(user.folder, 'panel'))
    expect(files.length).toBeGreaterThan(0)
    for (const file of files) expect(readFileSync(file, 'latin1')).not.toContain('planted')
  })
})

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  )
}
