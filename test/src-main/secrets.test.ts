import { randomBytes } from 'node:crypto'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Question, QuestionAnswer } from '#src-main/contract/questions.ts'
import { type Bed, createBed, whyNoBed } from '#test/support/bed/bed.ts'
import type { BedHost } from '#test/support/bed/bed-host.ts'
import { system } from '#test/support/own-namespace.ts'
import { misusePanel } from '#test/support/misuse-panel.ts'
import { specOfHost, storyOf, until } from '#test/support/panel.ts'
import { type PanelProcess, RecordingClient, startPanelProcess } from '#test/support/panel-process.ts'
import { ensurePayload } from '#test/support/payload.ts'
import { secretLinesOf, seedOf } from '#test/support/private-keys.ts'
import { findSecrets, type Found, listFiles, type Needle, needleOf, searchFolder } from '#test/support/secret-search.ts'
import { type Samples, watchProcesses } from '#test/support/watch-processes.ts'

const missing = whyNoBed()
const tag = randomBytes(6).toString('hex')
/** With what must be escaped in JSON, shells, URLs and forms. */
const secretOf = (name: string): string => `${name}-${tag}-é"'\\ &%<$x>`
const secrets = {
  password: secretOf('pw'),
  wrongPassword: secretOf('wrong-pw'),
  passphrase: secretOf('pass'),
  wrongPassphrase: secretOf('wrong-pass'),
  answer: secretOf('otp'),
  wrongAnswer: secretOf('wrong-otp'),
  vault: secretOf('vault'),
  wrongVault: secretOf('wrong-vault'),
  typed: `typed-${tag}-hidden`, // into a terminal that does not echo it
  misplaced: secretOf('misplaced'), // in calls that are not what the contract says
} as const
/** No secrets: what says that a search looks where things are. */
const controls = {
  note: `control-note-${tag}`,
  job: `control-job-${tag}`,
  command: `control-command-${tag}`,
  variable: `control-variable-${tag}`,
}

/** Every command that sshd runs is written down, and what asks for a shell gets it. */
const recorder = `#!/bin/sh
printf '%s\\n' "\${SSH_ORIGINAL_COMMAND-a shell}" >>/tmp/commands
[ -n "\${SSH_ORIGINAL_COMMAND-}" ] && exec /bin/bash -c "$SSH_ORIGINAL_COMMAND"
exec /bin/bash -l
`
const recorded = { sshdConfig: 'ForceCommand /usr/bin/record-command', files: { '/usr/bin/record-command': recorder } }

describe.skipIf(missing !== undefined)(`no secret gets out${missing === undefined ? '' : ` (skipped: no ${missing})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-secrets-'))
  const [home, dataFolder, kept] = [join(folder, 'home'), join(folder, 'panel', 'data'), join(folder, 'kept')]
  let bed: Bed
  const panels: PanelProcess[] = []
  const clients: RecordingClient[] = []
  const needles: Needle[] = []
  const controlNeedles = Object.entries(controls).map(([name, text]) => needleOf(name, text))
  const asked: string[] = []
  const exports: string[] = []
  const answers: string[] = []
  const onHosts: (Found & { host: string })[] = []
  const controlsOnHosts: Found[] = []
  const modes: string[] = []
  const afterDown: Found[] = []
  let samples: Samples = { rounds: 0, texts: [], loose: [] }
  let exitCode: number | string | null = null
  const plant = (name: string, secret: string | Buffer) => void needles.push(needleOf(name, secret))
  const panel = () => panels.at(-1) ?? expect.unreachable()
  const client = () => clients.at(-1) ?? expect.unreachable()

  /** Wrong at first, as people are. */
  function answer(question: Question): QuestionAnswer {
    asked.push(question.kind)
    const isFirst = asked.filter((kind) => kind === question.kind).length === 1
    if (question.kind === 'host-key') return { kind: 'accept-host-key', fingerprint: question.fingerprint }
    if (question.kind === 'keyboard-interactive') return { kind: 'responses', responses: [isFirst ? secrets.wrongAnswer : secrets.answer] }
    const [wrong, right] =
      question.kind === 'password' ? [secrets.wrongPassword, secrets.password] : [secrets.wrongPassphrase, secrets.passphrase]
    return { kind: 'secret', secret: isFirst ? wrong : right, keep: true }
  }

  async function startPanel(): Promise<void> {
    const { SSH_AUTH_SOCK: _agent, ...env } = process.env
    const own = { HOME: home, SHOAL_PANEL_HOME: join(folder, 'panel'), SHOAL_DEBUG: '1' }
    panels.push(await startPanelProcess({ env: { ...env, ...own }, cwd: home }))
    plant(`web token ${panels.length}`, panel().token)
    plant(`read token ${panels.length}`, panel().readToken)
    clients.push(await RecordingClient.open(panel(), answer))
    client().follow('questions', 'machines', 'clusters', 'operations')
  }

  async function ended(operationId: string) {
    const operation = await until(
      `the end of ${operationId}`,
      async () => {
        const now = await client().call('operations.get', { operationId })
        return now.state === 'running' ? undefined : now
      },
      120_000,
    )
    return operation
  }

  /** A copy of the data folder as it is at this moment. */
  function keep(when: string): void {
    cpSync(dataFolder, join(kept, when), { recursive: true })
    for (const { path, mode, isFile } of listFiles(dataFolder, undefined, 'all'))
      modes.push(`${isFile ? 'file' : 'folder'} ${mode} ${path}`)
  }

  beforeAll(async () => {
    await ensurePayload()
    for (const each of [home, kept]) mkdirSync(each, { mode: 0o700 })
    bed = await createBed({
      hosts: [
        { name: 'head', ...recorded },
        { name: 'pw', ...recorded, password: secrets.password },
        { name: 'otp', ...recorded, password: secrets.answer, keyboardInteractive: true },
      ],
    })
    const lockedKey = join(folder, 'locked-key')
    copyFileSync(bed.keyFile, lockedKey)
    system('ssh-keygen', '-q', '-p', '-P', '', '-N', secrets.passphrase, '-f', lockedKey)
    for (const [name, secret] of Object.entries(secrets)) plant(name, secret)
    plant('private key', seedOf(bed.keyFile))
    for (const file of [bed.keyFile, lockedKey])
      for (const line of secretLinesOf(readFileSync(file, 'utf8'))) plant(`line of ${file}`, line)
    const watch = await watchProcesses(dataFolder)
    try {
      await live(lockedKey)
    } finally {
      samples = await watch.stop()
    }
  }, 300_000)

  afterAll(async () => {
    for (const each of clients) each.close()
    for (const each of panels) await each.end('SIGKILL')
    await bed?.close()
    rmSync(folder, { recursive: true, force: true })
  }, 60_000)

  async function live(lockedKey: string): Promise<void> {
    await startPanel()
    await client().call('secrets.use', { kind: 'vault', passphrase: secrets.vault })
    const specs = [
      specOfHost(bed, bed.host('head'), { keyFiles: [lockedKey], auth: ['key'], notes: controls.note }),
      specOfHost(bed, bed.host('pw'), { keyFiles: [], auth: ['password'] }),
      specOfHost(bed, bed.host('otp'), { keyFiles: [], auth: ['keyboard-interactive'] }),
    ]
    await client().call('machines.add', { machines: specs })
    await client().call('machines.check', { machines: ['head', 'pw', 'otp'], role: 'worker' })
    answers.push(...(await misusePanel(panel(), secrets.misplaced)))
    await client().call('machines.exec', { machines: ['head', 'pw', 'otp'], command: `sleep 0.4; : ${controls.command}; exit 3` })
    bed.host('head').try(`${controls.variable}=1 sleep 2`, 'user') // long enough for the slowest look
    await createAndDie()
    keep('killed')
    await startPanel()
    await client().refused('secrets.unlock', { passphrase: secrets.wrongVault })
    await client().call('secrets.unlock', { passphrase: secrets.vault })
    const [broken] = await client().call('operations.list', {})
    expect(broken?.state).toBe('interrupted')
    await client().call('operations.retry', { operationId: broken?.id ?? '' })
    const created = await ended(broken?.id ?? '')
    expect(created.state, storyOf(created)).toBe('done')
    await client().call('clusters.connect', { cluster: 'lab' })
    await plantOfCluster()
    await work()
    await failOnce()
    for (const format of ['csv', 'ansible', 'ssh-config', 'json'] as const)
      exports.push((await client().call('machines.export', { format })).text)
    const { yaml } = await client().call('clusters.export', { cluster: 'lab' })
    exports.push(yaml)
    await client().call('clusters.planApply', { yaml })
    keep('at work')
    searchHosts()
    const down = await ended((await client().call('clusters.down', { cluster: 'lab' })).operationId)
    expect(down.state, storyOf(down)).toBe('done')
    for (const host of bed.hosts) afterDown.push(...searchHost(host, needles))
    exitCode = await panel().end('SIGINT')
    keep('ended')
  }

  /** Kills the panel while it uploads. */
  async function createAndDie(): Promise<void> {
    const ids = (await client().call('machines.list', {})).map(({ id }) => id)
    const spec = { name: 'lab', head: ids[0] ?? '', workers: [ids[1] ?? ''] }
    const { operationId } = await client().call('clusters.create', { spec })
    await until('an upload', async () => {
      const { machines } = await client().call('operations.get', { operationId })
      return machines.some(({ steps }) => steps.some(({ id, state }) => id === 'upload' && state === 'running')) || undefined
    })
    expect(await panel().end('SIGKILL')).toBe('SIGKILL')
    client().close()
  }

  /** The secrets that the cluster made itself, as they lie on its machines. */
  async function plantOfCluster(): Promise<void> {
    const { members } = await client().call('clusters.get', { cluster: 'lab' })
    const session = members[0]?.sessionFolder ?? ''
    const read = (path: string) => bed.host('head').run(`cat '${session}/head/${path}'`).trim()
    plant('API token', read('api-token'))
    plant('join token', read('join-token'))
    for (const host of bed.hosts) {
      const files = host.try('grep -rlsI "PRIVATE KEY" /home/user/.shoal/clusters', 'root').stdout.trim().split('\n').filter(Boolean)
      for (const file of files)
        for (const line of secretLinesOf(host.run(`cat '${file}'`))) plant(`key ${host.name} ${file.split('/').slice(-2).join('/')}`, line)
    }
  }

  /** A job with its log, and a terminal in which something is typed unseen. */
  async function work(): Promise<void> {
    const body = { entrypoint: `echo ${controls.job}` }
    const submitted = await client().call('api.change', { cluster: 'lab', route: 'submitShoalJob', body })
    const { submission_id: job } = submitted.body as { submission_id: string } // as runtime/api has it
    const { streamId } = await client().call('logs.followJob', { cluster: 'lab', job })
    client().follow(`job-log/${streamId}`)
    await until('the log of the job', () => client().frames.some((frame) => frame.includes(`${controls.job}\\n`)) || undefined)
    answers.push(JSON.stringify(await client().refused('api.read', { cluster: 'lab', route: 'getJob', params: { id: 'none' } })))
    const { terminalId } = await client().call('terminals.open', { machine: 'pw', cols: 80, rows: 24 })
    client().follow(`terminal/${terminalId}`)
    const shown = () =>
      client()
        .events.filter(({ topic }) => topic === `terminal/${terminalId}`)
        .map(({ event }) => Buffer.from((event as { data?: string }).data ?? '', 'base64').toString()) // of the contract
        .join('')
    const write = (data: string) => client().call('terminals.write', { terminalId, data })
    await write('stty -echo; echo now; read -r answer; stty echo; echo "got ${#answer}"\r')
    await until('it asks', () => /^now\r?$/m.test(shown()) || undefined)
    await write(`${secrets.typed}\r`)
    await until('it has it', () => shown().includes(`got ${secrets.typed.length}`) || undefined)
    await write('exit\r')
    await until('it ends', () => client().events.some(({ event }) => (event as { type?: string }).type === 'ended') || undefined) // the same
    await client().call('machines.exec', { machines: ['pw'], command: 'true' })
  }

  /** A worker that does not start, with the join token at hand: where its folder should be lies a file. */
  async function failOnce(): Promise<void> {
    const { members } = await client().call('clusters.get', { cluster: 'lab' })
    const session = (members[0]?.sessionFolder ?? '').replace(/[^/]+$/, 'otp')
    bed.host('otp').run(`mkdir -p '${session}'; echo in the way >'${session}/node'`, 'user')
    const machines = [(await client().call('machines.get', { machine: 'otp' })).id]
    const failed = await ended((await client().call('clusters.add', { cluster: 'lab', machines })).operationId)
    const step = failed.machines[0]?.steps.find(({ state }) => state === 'failed')
    expect(step?.id, storyOf(failed)).toBe('start')
    answers.push(JSON.stringify(failed))
  }

  const searchHosts = () => {
    for (const host of bed.hosts) {
      onHosts.push(...searchHost(host, needles).map((found) => ({ ...found, host: host.name })))
      controlsOnHosts.push(...searchHost(host, controlNeedles))
    }
  }
  /** All that is not as it was installed. The payload was made before any of the secrets. */
  const searchHost = (host: BedHost, wanted: readonly Needle[]): Found[] =>
    [host.upperDir, ...['/home', '/var/tmp', '/tmp', '/dev/shm', '/run'].map((path) => host.rootDir + path)].flatMap((root) =>
      searchFolder(root, wanted, (path) => path.includes('/.shoal/runtime/')),
    )

  const snapshots = ['killed', 'at work', 'ended'] as const
  const received = () => [...clients.flatMap(({ frames }) => frames), ...answers, ...exports].join('\n')

  test('all of it was lived through: wrong answers and right ones, a kill, a failure, an end in order', () => {
    const count = (kind: Question['kind']) => asked.filter((each) => each === kind).length
    // The second panel took the password and the passphrase from the vault; answers to other questions are never kept.
    expect([count('host-key'), count('password'), count('passphrase'), count('keyboard-interactive')]).toEqual([3, 2, 2, 3])
    expect([panels.length, exitCode]).toEqual([2, 0])
    const names = needles.map(({ name }) => name)
    expect(names).toEqual(
      expect.arrayContaining(['private key', 'API token', 'join token', 'web token 2', 'key head head/authority.key.pem']),
    )
    expect(readFileSync(join(kept, 'ended', 'vault.json'), 'utf8')).toContain('"passphrase:')
    expect(answers.length).toBeGreaterThan(18)
    expect(exports.map((text) => text.includes('otp'))).toEqual([true, true, true, true, true])
  })

  test('a search finds each form of a secret, and every place that is searched holds what it should', () => {
    const secret = secretOf('control')
    const needle = needleOf('it', secret)
    const [bytes, json] = [Buffer.from(secret), JSON.stringify(secret)]
    const written = [
      secret,
      json,
      JSON.stringify(json),
      bytes.toString('hex'),
      encodeURIComponent(secret),
      String(new URLSearchParams({ secret })),
    ]
    for (const text of [
      ...written,
      Buffer.from(secret, 'utf16le'),
      ...['', 'a', 'ab'].map((before) => Buffer.from(`${before}${secret}z`).toString('base64')),
    ])
      expect([String(text), findSecrets(Buffer.concat([randomBytes(99), Buffer.from(text), randomBytes(99)]), [needle])]).not.toEqual([
        String(text),
        [],
      ])
    expect(findSecrets(randomBytes(1_000_000), [needle])).toEqual([])

    const inData = snapshots.map((when) =>
      searchFolder(join(kept, when), controlNeedles).map(({ path }) => path.replace(/c-\w+|op-\w+/, '*')),
    )
    expect(inData[0]).toContain('machines.json')
    expect(inData[2]).toContain('history/*.sqlite')
    const found = (text: string) => new Set(findSecrets(text, controlNeedles).map((each) => each.split(',')[0]))
    expect(found(received())).toEqual(new Set(['note', 'job']))
    expect([...found(samples.texts.join('\n'))]).toEqual(expect.arrayContaining(['command', 'variable']))
    expect(new Set(controlsOnHosts.map(({ path }) => path))).toContain('commands')
    expect(controlsOnHosts.some(({ path }) => path.includes('/logs/'))).toBe(true)
    expect(samples.rounds).toBeGreaterThan(1_000)
    for (const { said } of panels) expect(said.stderr).toContain('"event":"web.listening"')
  })

  test('of its data folder: nothing but the token of the panel that runs, in the file for it', () => {
    for (const when of snapshots) {
      const found = searchFolder(join(kept, when), needles)
      const token = { mode: '0600', what: [`web token ${when === 'killed' ? 1 : 2}, as it is`] }
      expect([when, found]).toEqual([when, when === 'ended' ? [] : [{ ...token, path: expect.stringMatching(/^endpoint-token-\w+$/) }]])
    }
  })

  test('every file is its user’s alone at every moment, whatever the umask', () => {
    expect(modes.filter((line) => !/^(folder 0700|file 0600) /.test(line))).toEqual([])
    expect(modes.filter((line) => line.startsWith('file 0600')).length).toBeGreaterThan(20)
    expect(modes.some((line) => line.includes('.sqlite-wal'))).toBe(true)
    expect(samples.loose).toEqual([])
  })

  test('of what a client was sent, by WebSocket and by HTTP, errors and exports too: nothing', () => {
    expect(findSecrets(received(), needles)).toEqual([])
  })

  test('of what the panel prints and logs: nothing but the address with its token, once', () => {
    for (const [index, { said }] of panels.entries()) {
      expect(findSecrets(said.stdout, needles)).toEqual([`web token ${index + 1}, as it is`, `read token ${index + 1}, as it is`])
      expect(said.stdout.trim().split('\n')).toHaveLength(1)
      expect(findSecrets(said.stderr, needles)).toEqual([])
    }
  })

  test('of command lines and environments, here and on the machines: nothing', () => {
    expect(samples.texts.flatMap((text) => findSecrets(text, needles).map((what) => `${what}: ${text.slice(0, 200)}`))).toEqual([])
  })

  test('of the files of the machines, histories of shells and records of commands too: only those that are meant for it, 0600', () => {
    const places = onHosts.map(({ host, path, mode, what }) => `${host} ${path.replace(/.*lab-c-\w+\//, '')} ${mode} ${what[0]}`)
    expect(places.toSorted()).toEqual([
      'head head/head/api-token 0600 API token, as it is',
      'head head/head/authority.key.pem 0600 key head head/authority.key.pem, as it is',
      'head head/head/join-token 0600 join token, as it is',
      'otp otp/join-token 0600 join token, as it is',
      'pw pw/join-token 0600 join token, as it is',
      'pw pw/node/join-token 0600 join token, as it is',
    ])
  })

  test('when the cluster is gone its machines keep nothing of all that', () => {
    expect(afterDown).toEqual([])
  })

  test('of what lies where the panel ran, as reports and cores of a process that was killed would: nothing', () => {
    expect(readdirSync(home)).toEqual([])
    const found = searchFolder(folder, needles, (path) => path === kept || path === join(folder, 'locked-key'))
    expect(found).toEqual([])
  })
})
