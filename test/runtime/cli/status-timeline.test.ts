import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { linesOf, Sandbox, smallNode, type StatusJson } from './support.ts'

const sandbox = new Sandbox()
const tempDir = sandbox.tempDir('node')
const program = fileURLToPath(new URL('program.ts', import.meta.url))
let running: ReturnType<typeof spawn>

beforeAll(async () => {
  const started = await sandbox.json([
    'start',
    '--head',
    '--port',
    '0',
    '--node-ip-address',
    '127.0.0.1',
    '--temp-dir',
    tempDir,
    ...smallNode,
  ])
  const env = { ...process.env, ...(started['env'] as Record<string, string>) } // what start prints is what a program needs
  running = spawn(runtimeNode(), [program], { env, stdio: ['pipe', 'pipe', 'inherit'] })
  expect(await linesOf(running).next()).toEqual({ done: false, value: '42' })
}, 120_000)

afterAll(async () => {
  const ended = running.exitCode === null ? new Promise((resolve) => running.once('exit', resolve)) : undefined
  running.stdin?.end()
  await ended
  await sandbox.dispose()
})

test('status shows what waits with the reason, and what placement groups hold', async () => {
  const watching = sandbox.spawn(['status', '--watch', '--interval', '100ms', '--json', '--temp-dir', tempDir])
  const lines = linesOf(watching)
  let status: StatusJson
  do {
    const { value, done } = await lines.next()
    expect(done).not.toBe(true)
    status = JSON.parse(value) as StatusJson // the command line prints it
  } while (status.demand.tasks.length === 0 || status.resources['CPU']?.used !== 1) // nodes report a few times a second
  watching.kill('SIGTERM')
  const reason = 'no node has CPU 64 (the most on one node: 1)'
  expect(status.demand).toEqual({
    tasks: [{ resources: { CPU: 64 }, count: 1, infeasible: true, reason }],
    actors: 0,
    placementGroups: 0,
  })
  expect(status.resources['CPU']).toEqual({ used: 1, total: 1, reserved: 1 })
  expect(status.placementGroups).toMatchObject([
    { name: 'training', strategy: 'PACK', state: 'created', bundles: [{ resources: { CPU: 1 }, nodeId: status.nodes[0]?.nodeId }] },
  ])
  const { stdout } = await sandbox.run(['status', '--temp-dir', tempDir])
  expect(stdout).toContain('1/1 CPU (1 reserved in placement groups)')
  expect(stdout).toContain(`1 × {CPU: 64}: ${reason}`)
})

test('timeline writes the spans that ran, as a trace', async () => {
  const file = join(sandbox.folder, 'trace.json')
  type Span = { name: string; ph: string; dur: number; args: { succeeded: boolean } }
  const read = async () => {
    const { stdout } = await sandbox.run(['timeline', '--temp-dir', tempDir, '--out', file])
    expect(stdout).toMatch(/^Wrote \d+ spans to /)
    return JSON.parse(readFileSync(file, 'utf8')) as Span[]
  }
  let spans = await read()
  while (spans.length === 0) spans = await read() // workers send them a few times a second
  expect(spans).toMatchObject([{ name: 'twice', ph: 'X', args: { succeeded: true } }])
  expect(spans[0]?.dur).toBeGreaterThanOrEqual(0)
})

test('timeline names a file that cannot be written', async () => {
  const refused = await sandbox.json(['timeline', '--temp-dir', tempDir, '--out', join(sandbox.folder, 'absent', 'trace.json')])
  expect(refused).toMatchObject({
    error: { code: 'bad-argument', message: expect.stringContaining('cannot be written: there is no such file or folder') },
  })
})
