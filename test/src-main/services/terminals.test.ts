import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GivenInput } from '#src-main/contract/panel.ts'
import { startCluster, type TestCluster } from '#test/support/cluster.ts'
import { type TestPanel, until } from '#test/support/panel.ts'
import { listen, logOf, openPanelOver } from './panel-over-cluster.ts'

let cluster: TestCluster
let panel: TestPanel
let folder: string
const call: TestPanel['host']['call'] = (...args) => panel.host.call(...args)
const size = { cols: 300, rows: 30 }

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'shoal-terminals-')))
  writeFileSync(join(folder, 'in-the-folder.txt'), 'here\n')
  cluster = await startCluster({
    nodes: [
      { cpus: 2, name: 'here' },
      { cpus: 1, resources: { other: 1 }, name: 'elsewhere' },
    ],
    api: true,
  })
  panel = (await openPanelOver(cluster)).panel
})
afterAll(async () => {
  await panel?.dispose()
  await cluster?.stop()
  rmSync(folder, { recursive: true, force: true })
})

type Event = { type: 'data'; data: string } | { type: 'ended'; code: number | null }

async function open(input: GivenInput<'terminals.open'>) {
  const { terminalId } = await call('terminals.open', input)
  const { events } = listen<Event>(panel, `terminal/${terminalId}`)
  const output = () =>
    Buffer.concat(events.flatMap((event) => (event.type === 'data' ? [Buffer.from(event.data, 'base64')] : []))).toString('utf8')
  return {
    terminalId,
    output,
    firstLine: () => until('the first line', () => (output().includes('\r\n') ? output().split('\r\n')[0] : undefined)),
    /** What a command line prints. */
    async say(command: string): Promise<string> {
      const from = output().length
      await call('terminals.write', { terminalId, data: `echo be''gin; ${command}; echo e''nd\n` })
      const said = await until(command, () => /[\r\n]begin\r\n([\s\S]*)end\r\n/.exec(output().slice(from))?.[1])
      return said.replaceAll('\r\n', '\n')
    },
    async end() {
      await call('terminals.close', { terminalId })
      await until('it has ended', () => (events.at(-1)?.type === 'ended' ? true : undefined))
    },
  }
}

describe('a terminal of a job', () => {
  const secret = `it's "secret" $PATH \`id\` \\ end`

  test('stands in its folder on its machine with its variables, and says so; while it runs and when it has ended', async () => {
    const env_vars = { TOKEN: secret, LINES_OF: 'one\ntwo', BASE: '/opt', DERIVED: '${BASE}/x:${NOT_SET}y', 'NOT-A-NAME': 'x' }
    const { submissionId } = await call('jobs.submit', {
      ...{
        cluster: 'lab',
        entrypoint: 'while [ ! -e stop ]; do sleep 0.1; done',
        runtimeEnv: { env_vars },
        folder: { kind: 'folder', path: folder },
      },
    })
    await until('it runs', async () => {
      const { body } = await call('api.read', { cluster: 'lab', route: 'getJob', params: { id: submissionId } })
      return (body as { status: string }).status === 'RUNNING' || undefined // as runtime/api has it
    })
    const terminal = await open({ cluster: 'lab', job: submissionId, ...size })
    expect(await terminal.firstLine()).toMatch(
      /^Node here of cluster lab\. You are in the folder of job \S+, \/\S+\/node\/packages\/[0-9a-f]{32}\. Its variables are set\.$/,
    )
    const said = await terminal.say(
      `cat in-the-folder.txt; printf '<%s>\\n' "$TOKEN" "$LINES_OF" "$DERIVED" "$SHOAL_JOB_SUBMISSION_ID"; command -v shoal`,
    )
    expect(said).toBe(`here\n<${secret}>\n<one\ntwo>\n</opt/x:\${NOT_SET}y>\n<${submissionId}>\n${cluster.tempDir}/node/bin/shoal\n`)
    expect(await call('terminals.list', {})).toEqual([
      expect.objectContaining({ terminalId: terminal.terminalId, job: submissionId, node: cluster.nodes[0]?.nodeId }),
    ])
    const started = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    expect(started).not.toContain('"secret"')
    expect(readdirSync(cluster.tempDir).filter((name) => name.startsWith('.shell'))).toEqual([])
    await terminal.say('touch stop')
    await terminal.end()
    await logOf(panel, submissionId)
    const venv = join(cluster.nodes[0]?.layout.nodeDir ?? '', 'venvs', '0123abcd') // as if the job had one: making it takes a network
    mkdirSync(venv, { recursive: true })
    appendFileSync(
      join(cluster.tempDir, 'logs', `job-driver-${submissionId}.log`),
      `Using the Python environment that is here already: ${venv}\n`,
    )
    const after = await open({ cluster: 'lab', job: submissionId, ...size })
    const seen = await after.say('ls -1; echo "$VIRTUAL_ENV"; echo "$PATH" | tr : "\\n" | grep venvs') // the user's own profile may put more before it
    expect(seen).toBe(`in-the-folder.txt\nstop\n${venv}\n${venv}/bin\n`)
    await after.end()
  })

  test('begins in the home folder where its own is gone, or where it had none, and says that', async () => {
    const { submissionId: none } = await call('jobs.submit', { cluster: 'lab', entrypoint: 'true' })
    await logOf(panel, none)
    const bare = await open({ cluster: 'lab', job: none, ...size })
    expect(await bare.firstLine()).toContain(`Job ${none} has no folder of its own: you are in the home folder.`)
    expect(await bare.say('pwd')).toBe(`${homedir()}\n`)
    await bare.end()
    const gone = mkdtempSync(join(tmpdir(), 'shoal-gone-'))
    const { submissionId } = await call('jobs.submit', { cluster: 'lab', entrypoint: 'true', folder: { kind: 'uri', uri: gone } })
    await logOf(panel, submissionId)
    const there = await open({ cluster: 'lab', job: submissionId, ...size })
    expect(await there.say('pwd')).toBe(`${gone}\n`)
    await there.end()
    rmSync(gone, { recursive: true })
    const terminal = await open({ cluster: 'lab', job: submissionId, ...size })
    expect(await terminal.firstLine()).toContain(
      `The folder of job ${submissionId}, ${gone}, is not there any more: you are in the home folder.`,
    )
    expect(await terminal.say('pwd')).toBe(`${homedir()}\n`)
    await terminal.end()
  })

  test('is refused with what to do: a job that waits, one that is not there, one whose machine is none of ours', async () => {
    const { submissionId: waits } = await call('jobs.submit', { cluster: 'lab', entrypoint: 'true', resources: { cpus: 50 } })
    await expect(call('terminals.open', { cluster: 'lab', job: waits, ...size })).rejects.toMatchObject({
      code: 'wrong-state',
      message: expect.stringContaining('PENDING'),
    })
    await expect(call('terminals.open', { cluster: 'lab', job: 'nobody', ...size })).rejects.toMatchObject({ code: 'not-found' })
    const { submissionId: far } = await call('jobs.submit', { cluster: 'lab', entrypoint: 'true', resources: { custom: { other: 1 } } })
    await logOf(panel, far)
    await expect(call('terminals.open', { cluster: 'lab', job: far, ...size })).rejects.toThrow('is on no machine that cluster lab has now')
    expect(await call('terminals.list', {})).toEqual([])
  })
})

test('a terminal of a node is one on its machine', async () => {
  const node = cluster.nodes[0]?.nodeId ?? ''
  const terminal = await open({ cluster: 'lab', node, ...size })
  expect(await terminal.firstLine()).toBe('Node here of cluster lab.')
  expect(await terminal.say('echo "$((6 * 7))"')).toBe('42\n')
  expect(await call('terminals.list', {})).toEqual([expect.objectContaining({ node, job: null })])
  await terminal.end()
})

test('a terminal of a machine begins where it is told to, or at home', async () => {
  const terminal = await open({ machine: 'here', folder, ...size })
  expect(await terminal.say('pwd')).toBe(`${folder}\n`)
  await terminal.end()
  const odd = await open({ machine: 'here', folder: `${folder}/it's not there`, ...size })
  expect(await odd.say('pwd')).toBe(`${homedir()}\n`)
  await odd.end()
})
