import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { JobTailFrame } from '#runtime/api/logs.ts'
import { type LogCluster, SocketRecord, startLogCluster } from './log-cluster.ts'

let logs: LogCluster
beforeAll(async () => {
  logs = await startLogCluster([{ cpus: 4 }])
})
afterAll(() => logs?.stop())
const patient = { timeout: 30_000 }

let counter = 0
/** Submits a job; its command is a line of shell or a program for node. */
async function submit(entrypoint: string, more: object = {}): Promise<string> {
  counter += 1
  const id = `tailed-${counter}`
  const answer = await logs.post('/api/jobs/', { entrypoint, submission_id: id, ...more })
  expect(answer).toMatchObject({ status: 200 })
  return id
}
const program = (code: string) => `'${process.execPath}' -e ${JSON.stringify(code).replaceAll('$', '\\$')}`
const tail = (id: string, query = '') => new SocketRecord(logs.socket(`/api/jobs/${id}/logs/tail${query}`))
/** Without the lines of the supervisor. */
const ownText = (text: string) =>
  text
    .split('\n')
    .filter((line) => !line.includes('job supervisor --'))
    .join('\n')

describe('the tail of a job', () => {
  it('has everything from the first byte on, and ends in order when the job has ended', async () => {
    const record = tail(await submit('echo one; sleep 0.3; echo two >&2; sleep 0.3; printf three'))
    expect(await record.closed).toBe(1_000)
    expect(ownText(record.text)).toBe('one\ntwo\nthree')
    expect(record.text).toMatch(/^\d{4}-.*Runtime env is setting up/)
  })

  it('has the same for a job that ended long ago, and that one as a whole is the same', async () => {
    const id = await submit('seq 1 50000')
    await tail(id).closed
    const record = tail(id)
    expect(await record.closed).toBe(1_000)
    expect(ownText(record.text)).toBe(Array.from({ length: 50_000 }, (_, index) => `${index + 1}\n`).join(''))
    const { logs: whole } = (await (await logs.get(`/api/jobs/${id}/logs`)).json()) as { logs: string }
    expect(whole).toBe(record.text)
  })

  it('brings a line of 5 MB to the client in frames of at most 256 KiB', async () => {
    const record = tail(await submit(program("process.stdout.write('x'.repeat(5000000) + '\\n' + 'end\\n')")))
    expect(await record.closed).toBe(1_000)
    expect(ownText(record.text)).toBe(`${'x'.repeat(5_000_000)}\nend\n`)
    expect(Math.max(...record.frames.map((frame) => Buffer.byteLength(frame)))).toBeLessThanOrEqual(256 * 1_024)
  })

  it('does not tear a letter that comes in two writes, and shows bytes that are none', async () => {
    const code =
      'const w = (...b) => process.stdout.write(Buffer.from(b)); w(0xe6, 0xbc); setTimeout(() => w(0xa2, 0x0a), 700); setTimeout(() => w(0xff, 0x0a), 900)'
    const record = tail(await submit(program(code)))
    expect(await record.closed).toBe(1_000)
    expect(ownText(record.text)).toBe('漢\n\ufffd\n')
  })

  it('is silent while the job waits, and begins when it does', async () => {
    const first = await submit('sleep 2', { entrypoint_num_cpus: 4 })
    const waiting = tail(await submit('echo now', { entrypoint_num_cpus: 4 }))
    const { closed } = tail(first)
    await new Promise((resolve) => setTimeout(resolve, 1_000)) // it would have said something by now
    expect(waiting.frames).toEqual([])
    expect(await closed).toBe(1_000)
    expect(await waiting.closed).toBe(1_000)
    expect(ownText(waiting.text)).toBe('now\n')
  })

  it('goes on from an offset, with places that are exact', async () => {
    const id = await submit('for i in $(seq 1 100); do echo line $i; sleep 0.02; done')
    const begun = tail(id, '?format=json')
    await expect.poll(() => begun.text.includes('line 30'), patient).toBe(true)
    begun.end()
    const frames = begun.frames.map((frame) => JobTailFrame.parse(JSON.parse(frame)))
    const rest = tail(id, `?offset=${frames.at(-1)?.next ?? 0}`)
    expect(await rest.closed).toBe(1_000)
    const text = ownText(frames.map((frame) => frame.text).join('') + rest.text)
    expect(text).toBe(Array.from({ length: 100 }, (_, index) => `line ${index + 1}\n`).join(''))
  })

  it('of a job that there is not, or of no such offset, is refused before the socket opens', async () => {
    for (const [path, status] of [
      ['/api/jobs/none/logs/tail', 404],
      ['/api/jobs/..%2f..%2fetc/logs/tail', 400],
      [`/api/jobs/${await submit('true')}/logs/tail?offset=x`, 400],
    ] as const) {
      const socket = logs.socket(path)
      const refused = new Promise<number>((resolve) => socket.once('unexpected-response', (_, answer) => resolve(answer.statusCode ?? 0)))
      socket.on('error', () => {})
      expect({ path, status: await refused }).toEqual({ path, status })
    }
  })

  it('breaks off with the head, and goes on where it was when the head is back', async () => {
    const id = await submit('for i in $(seq 1 200); do echo line $i; sleep 0.03; done')
    const begun = tail(id, '?format=json')
    await expect.poll(() => begun.text.includes('line 30'), patient).toBe(true)
    await logs.cluster.killHead()
    expect(await begun.closed).toBe(1_006)
    await logs.cluster.restartHead()
    const frames = begun.frames.map((frame) => JobTailFrame.parse(JSON.parse(frame)))
    const rest = tail(id, `?offset=${frames.at(-1)?.next ?? 0}`)
    expect(await rest.closed).toBe(1_000)
    const text = ownText(frames.map((frame) => frame.text).join('') + rest.text)
    expect(text).toBe(Array.from({ length: 200 }, (_, index) => `line ${index + 1}\n`).join(''))
  })

  it('of a job whose node dies has what the head has of it', async () => {
    const node = await logs.cluster.addNode({ cpus: 1, resources: { far: 1 } })
    const id = await submit('echo from far; sleep 600', { entrypoint_resources: { far: 1 } })
    const record = tail(id)
    await expect.poll(() => record.text.includes('from far\n'), patient).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 2_000)) // copies follow within a second
    await logs.cluster.killNode(node)
    expect(await record.closed).toBe(1_000) // it has failed, and what there is was sent
    const { logs: whole } = (await (await logs.get(`/api/jobs/${id}/logs`)).json()) as { logs: string }
    expect(ownText(whole)).toContain('from far\n')
  })
})
