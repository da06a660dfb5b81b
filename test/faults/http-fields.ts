import assert from 'node:assert/strict'
import * as shoal from 'shoal'
import * as z from 'zod'
import { allRoutes } from '#runtime/api/routes/all-routes.ts'
import { type Outcome, Sandbox } from '#test/runtime/cli/support.ts'
import { check, finish, until } from '../support/checks.ts'
import {
  ask,
  cluster,
  endAttack,
  evilText,
  forAll,
  head,
  nothingElseHappened,
  paramsOf,
  pathOf,
  queryOf,
  runJob,
  tokens,
} from './http-world.ts'

/** What a terminal takes for an order, line breaks and tabs aside. */
// oxlint-disable-next-line no-control-regex -- control characters are what it is to find
const orders = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

const sandbox = new Sandbox()
const shoalCommand = (...args: string[]): Promise<Outcome> =>
  sandbox.run(args, { env: { SHOAL_API_ADDRESS: cluster.apiUrl, SHOAL_API_TOKEN: tokens.full } })

await shoal.init({ address: cluster.address, tempDir: cluster.tempDir, onWarning: () => {}, namespace: evilText })
const Evil = shoal.actor(
  Object.defineProperty(
    class {
      pid() {
        return process.pid
      }
    },
    'name',
    { value: evilText },
  ),
  { name: evilText, numCpus: 0.1, resources: { [evilText]: 0.1 } },
)
const actor = Evil.remote()
const named = shoal.remote(
  () => {
    throw new Error(process.env['EVIL_WORDS'] ?? '\u001b[31mfailed\u009b2J <b>')
  },
  { name: evilText, maxRetries: 0, numCpus: 0.1 },
)
const waiting = shoal.remote(() => 1, { name: evilText, resources: { [`${evilText}2`]: 1 } })

const entrypoint = `: '${evilText.replaceAll("'", '')}'; printf '%s\\n' "$EVIL"; exit 3`
const job = await runJob({
  entrypoint,
  metadata: { [evilText]: evilText },
  runtime_env: { env_vars: { EVIL: evilText, [evilText.replaceAll('=', '')]: evilText } },
})
const jobId = job.submission_id ?? assert.fail('no id')
await shoal.get(actor.pid.remote())
await assert.rejects(shoal.get(named.remote()))
const stuck = waiting.remote()
await until('the failed task is listed', async () => (await rowsOf('tasks')).some(({ state }) => state === 'FAILED'))

type Row = Record<string, unknown>
async function rowsOf(resource: string): Promise<Row[]> {
  const Answer = z.object({ data: z.object({ result: z.object({ result: z.array(z.record(z.string(), z.unknown())) }) }) })
  const { body } = await ask(`/api/v0/${resource}?detail=True&limit=1000`)
  return Answer.parse(JSON.parse(body)).data.result.result
}

await check('what a user may not name comes back as a refusal that is no order to a terminal either', async () => {
  for (const json of [
    { entrypoint: 'true', submission_id: evilText },
    { entrypoint: 'true', [evilText]: 1 },
    { entrypoint: 'true', runtime_env: { [evilText]: 1 } },
    { entrypoint: 'true', runtime_env: { working_dir: evilText } },
    { entrypoint: 'true', entrypoint_label_selector: { [evilText]: `in(${evilText},)` } },
  ]) {
    const { status, body, headers } = await ask('/api/jobs/', { method: 'POST', body: JSON.stringify(json) })
    assert.equal(status, 400, body)
    assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
    assert.doesNotMatch(body, orders)
  }
})

await check('every answer says what it is, and what a user named comes back exactly as it was', async () => {
  assert.equal(job.metadata?.[evilText], evilText)
  assert.equal(job.entrypoint, entrypoint)
  assert.ok(job.log.includes(`\n${evilText}\n`), job.log)
  const tasks = await rowsOf('tasks')
  assert.ok(tasks.some(({ name, state }) => name === evilText && state === 'FAILED'))
  const [one] = (await rowsOf('actors')).filter(({ name }) => name === evilText)
  assert.equal(one?.['class_name'], evilText)
  const NodeFacts = z.object({
    node_name: z.string(),
    labels: z.record(z.string(), z.string()),
    resources_total: z.record(z.string(), z.number()),
  })
  const node = NodeFacts.parse((await rowsOf('nodes'))[0])
  assert.equal(node.node_name, evilText)
  assert.equal(node.labels['evil'], evilText)
  assert.equal(node.resources_total[evilText], 1)
  const { body } = await ask(`/api/v0/logs/file?submission_id=${jobId}&lines=-1`)
  assert.equal(body, job.log)
  for (const row of allRoutes.filter(({ method, isSocket }) => method === 'get' && !isSocket)) {
    const filled = paramsOf(row).length === 0 ? pathOf(row) : pathOf(row, { id: jobId, node_id: head.nodeId })
    const { headers, status } = await ask(`${filled}?${[...queryOf(row, ''), 'limit=100', `submission_id=${jobId}`].join('&')}`)
    const type = String(headers['content-type'] ?? '')
    assert.match(type, /^(application\/json; charset=utf-8|(text|application)\/(plain|text)(;.*)?)?$/, `${row.path} ${status} ${type}`)
    assert.match(String(headers['content-security-policy']), /default-src 'none'/, row.path)
    assert.equal(headers['cache-control'], 'no-store', row.path)
  }
})

await check('the figures for Prometheus hold one line for each figure, whatever a node is called', async () => {
  const { body } = await ask('/metrics')
  for (const line of body.split('\n')) assert.match(line, /^(# (HELP|TYPE) |[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})? \S+$|$)/, line)
})

const lists = ['tasks', 'actors', 'objects', 'workers', 'nodes', 'jobs', 'placement-groups', 'runtime-envs', 'cluster-events']
const commands = [
  ...lists.map((name) => ['list', name]),
  ...[
    ['list', 'tasks', '--detail'],
    ['list', 'actors', '--json'],
    ['list', 'nodes', '--json'],
    ['list', 'jobs', '--json'],
  ],
  ...['tasks', 'actors', 'objects'].flatMap((name) => [
    ['summary', name],
    ['summary', name, '--json'],
  ]),
  ...[
    ['job', 'list'],
    ['job', 'list', '--json'],
    ['job', 'status', jobId],
    ['job', 'status', jobId, '--json'],
    ['job', 'stop', evilText],
  ],
  ...[
    ['get', 'jobs', jobId],
    ['get', 'nodes', head.nodeId],
    ['why'],
    ['why', '--json'],
    ['why', jobId],
    ['drain', head.nodeId, '--dry-run'],
  ],
  ...[
    ['job', 'logs', jobId, '--json'],
    ['logs', 'job', jobId, '--json'],
    ['logs', '--grep', 'alert', '--json'],
    ['logs', evilText],
  ],
  ...[
    ['job', 'submit', '--submission-id', evilText, '--', 'true'],
    ['list', evilText],
    ['get', 'tasks', evilText],
    [evilText],
    ['kill', evilText],
  ],
  ...[
    ['list', 'tasks', '--filter', `${evilText}=1`],
    ['list', 'tasks', '--filter', `name=${evilText}`],
    ['logs', 'job', evilText],
  ],
]

await check('no command prints an order of somebody else, in tables, in messages or in JSON', async () => {
  let shown = 0
  await forAll(commands, 2, async (args) => {
    const { stdout, stderr } = await shoalCommand(...args)
    assert.doesNotMatch(stdout, orders, `shoal ${args.join(' ')}`)
    assert.doesNotMatch(stderr, orders, `shoal ${args.join(' ')}`)
    if (args.includes('--json'))
      assert.doesNotThrow(
        () =>
          stdout
            .trim()
            .split('\n')
            .forEach((line) => JSON.parse(line)),
        stdout.slice(0, 300),
      )
    if (`${stdout}${stderr}`.includes('\\u001b[31m')) shown += 1
  })
  assert.ok(shown >= 12, `${shown} commands showed it`)
  const status = await sandbox.run(['status', '--temp-dir', cluster.tempDir])
  assert.match(status.stdout, /\\u001b\[31m/)
  assert.doesNotMatch(status.stdout, orders)
})

await check('logs go into a pipe as they are', async () => {
  for (const args of [
    ['job', 'logs', jobId],
    ['logs', 'job', jobId],
  ])
    assert.equal((await shoalCommand(...args)).stdout, job.log)
  assert.ok((await shoalCommand('logs', '--grep', 'alert')).stdout.includes(evilText))
})

await check('after all of that a job runs', async () => {
  await nothingElseHappened()
  void stuck
})

await shoal.shutdown()
await sandbox.dispose()
await endAttack()
finish()
