import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { ApiClient } from '#runtime/client/api-client.ts'
import { followLog } from '#runtime/cli/job/follow-log.ts'
import { JobCluster } from '#test/runtime/head/jobs/job-cluster.ts'
import { outcomeOf, Sandbox } from '../support.ts'

const never = new AbortController().signal
const details = {
  ...{ type: 'SUBMISSION', job_id: null, submission_id: 'one', driver_info: null, entrypoint: 'true', message: null, error_type: null },
  ...{ start_time: 1, end_time: 2, metadata: {}, runtime_env: {}, driver_agent_http_address: null, driver_node_id: null },
  driver_exit_code: null,
}

/** What followed a job: its text, and what was said besides. */
function followed(api: ApiClient, id: string, patienceMs?: number) {
  const said = { text: '', warnings: '' }
  const ended = followLog(api, id, {
    signal: never,
    terminal: { warn: (text) => void (said.warnings += `${text}\n`) },
    write: (text) => void (said.text += text),
    ...(patienceMs === undefined ? {} : { patienceMs }),
  })
  return { said, ended }
}

/** A head that answers for a job that has ended; `tail` speaks for its log. Returns the paths of the tails that were asked for. */
async function foreignHead(rayVersion: string, status: string, tail: (socket: WebSocket, raw: Duplex, nth: number) => void) {
  const asked: string[] = []
  const sockets = new WebSocketServer({ noServer: true })
  const version = { version: '4', ray_version: rayVersion, ray_commit: '', session_name: 'session' }
  const server = createServer((request, answer) => {
    answer
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify(request.url === '/api/version' ? version : { ...details, status }))
  })
  server.on('upgrade', (request: IncomingMessage, raw: Duplex, head: Buffer) => {
    asked.push(request.url ?? '')
    sockets.handleUpgrade(request, raw, head, (socket) => tail(socket, raw, asked.length))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo // it listens on a port
  return { asked, api: new ApiClient({ url: `http://127.0.0.1:${port}`, token: undefined }) }
}

test('shoal job logs -f prints each byte once though the head is killed and started again, and ends with the job', async () => {
  const jobs = await JobCluster.start()
  const sandbox = new Sandbox()
  onTestFinished(() => sandbox.dispose())
  const id = await jobs.submit({ entrypoint: 'for i in $(seq 1 300); do echo "Zeile $i: schön 漢"; sleep 0.02; done' })
  const env = { SHOAL_API_ADDRESS: jobs.cluster.apiUrl, SHOAL_API_TOKEN: jobs.cluster.token() }
  const child = sandbox.spawn(['job', 'logs', '-f', id], { env })
  const outcome = outcomeOf(child)
  await new Promise<void>((resolve) => {
    let out = ''
    child.stdout?.on('data', (text: string) => {
      out += text
      if (out.includes('Zeile 50:')) resolve()
    })
  })
  await jobs.cluster.killHead()
  await jobs.cluster.restartHead()
  const { code, stdout } = await outcome
  const lines = stdout.split('\n').filter((line) => line.startsWith('Zeile'))
  expect(lines).toEqual(Array.from({ length: 300 }, (_, index) => `Zeile ${index + 1}: schön 漢`))
  expect(code).toBe(0)
})

test('a head that stays away is given up on with words that say that the job goes on, and how to follow it again', async () => {
  const jobs = await JobCluster.start()
  const id = await jobs.submit({ entrypoint: 'echo begun; sleep 60' })
  await jobs.logged(id, 'begun')
  const { said, ended } = followed(jobs.api, id, 2_500)
  const refused = ended.catch((error: unknown) => error)
  await expect.poll(() => said.text).toContain('\nbegun\n')
  await jobs.cluster.killHead()
  expect(await refused).toMatchObject({
    code: 'head.unavailable',
    message: expect.stringMatching(new RegExp(`for 2\\.5 s .*; the job goes on without us\\. .*shoal job logs -f ${id}$`)),
  })
  expect(said.warnings).toContain('the job goes on; trying again')
})

test('of a job that there is not one hears at once', async () => {
  const jobs = await JobCluster.start()
  await expect(followed(jobs.api, 'none').ended).rejects.toMatchObject({ code: 'not-found' })
})

test("Ray's head is asked without an offset, and what it sends again is not written again", async () => {
  const { api, asked } = await foreignHead('2.58.0', 'SUCCEEDED', (socket, raw, nth) => {
    socket.send('eins\nzw')
    if (nth === 1) return void setImmediate(() => raw.destroy())
    socket.send('ei\ndrei\n')
    socket.close(1_000)
  })
  const { said, ended } = followed(api, 'one')
  expect(await ended).toMatchObject({ status: 'SUCCEEDED' })
  expect(said.text).toBe('eins\nzwei\ndrei\n')
  expect(asked).toEqual(['/api/jobs/one/logs/tail', '/api/jobs/one/logs/tail'])
})

test('our head is asked from where the last whole message ended, and bytes that went are told of', async () => {
  const { api, asked } = await foreignHead('2.58.0+shoal.1', 'SUCCEEDED', (socket, raw, nth) => {
    if (nth === 1) {
      socket.send(JSON.stringify({ offset: 0, next: 6, text: 'schön' }))
      return void setImmediate(() => raw.destroy())
    }
    socket.send(JSON.stringify({ offset: 10, next: 14, text: 'Ende' }))
    socket.close(1_000)
  })
  const { said, ended } = followed(api, 'one')
  await ended
  expect(said).toEqual({ text: 'schönEnde', warnings: 'shoal: 4 bytes of the log are not there any more\n' })
  expect(asked).toEqual(['/api/jobs/one/logs/tail?format=json&offset=0', '/api/jobs/one/logs/tail?format=json&offset=6'])
})

test('a job that has ended and whose log cannot be read is told of, and does not hold who follows it', async () => {
  const { api, asked } = await foreignHead('2.58.0+shoal.1', 'FAILED', (_socket, raw) => void setImmediate(() => raw.destroy()))
  const { said, ended } = followed(api, 'one')
  expect(await ended).toMatchObject({ status: 'FAILED' })
  expect(said.warnings).toContain("the log of job 'one' cannot be read to its end")
  expect(asked).toHaveLength(4)
})
