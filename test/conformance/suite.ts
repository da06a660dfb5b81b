import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answers, answersOfNode } from './answers.ts'
import type { Engine } from './engines.ts'
import { RayClient, type Ran } from './ray-client.ts'

const clientSteps = fileURLToPath(new URL('client_steps.py', import.meta.url))
const resources = ['nodes', 'tasks', 'actors', 'objects', 'workers', 'jobs', 'placement-groups', 'runtime-envs', 'cluster-events'] as const
const workloadWithinMs = 60_000

/** `python` has Ray; undefined: the suite is skipped. */
type Setting = { readonly title: string; readonly python: string | undefined; start(python: string): Promise<Engine> }

/** The same questions to whichever head, by clients that nobody here wrote. */
export function testConformance({ title, python, start }: Setting): void {
  describe.skipIf(python === undefined)(title, () => {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-conf-files-'))
    const stopFile = join(folder, 'stop')
    let engine: Engine
    let client: RayClient
    const ray = (argv: readonly string[]): Promise<Ran> => client.run({ argv })
    const http = (): string[] => ['--address', engine.http]
    const grpc = (): string[] => ['--address', engine.grpc]
    const rows = async (argv: readonly string[]): Promise<Record<string, unknown>[]> => {
      const { code, output } = await ray([...argv, '--format', 'json'])
      expect({ code, output }).toMatchObject({ code: 0 })
      return JSON.parse(jsonIn(output)) as Record<string, unknown>[]
    }

    beforeAll(async () => {
      if (python === undefined) return
      engine = await start(python)
      client = new RayClient(python, engine.env)
      await client.ready
      writeFileSync(join(folder, 'note.txt'), 'a note\n')
      const submit = ['job', 'submit', ...http(), '--submission-id', 'workload', '--no-wait', '--', 'sh', '-c', engine.workload(stopFile)]
      const { code, output } = await ray(submit)
      expect({ code, output }).toMatchObject({ code: 0 })
      await logHolds(ray, http(), 'workload stands')
    }, 180_000)

    afterAll(async () => {
      writeFileSync(stopFile, '')
      await engine?.stop()
      client?.close()
      rmSync(folder, { recursive: true, force: true })
    }, 60_000)

    describe('ray job', () => {
      test('submit shows the output and ends well with the job', async () => {
        const { code, output } = await ray(['job', 'submit', ...http(), '--', 'echo', 'hello there'])
        expect(output).toContain('hello there')
        expect(output).toContain('succeeded')
        expect(code).toBe(0)
      })

      test('submit of a failing command exits with 1 and shows its last lines', async () => {
        const { code, output } = await ray(['job', 'submit', ...http(), '--', 'sh', '-c', 'echo last words; exit 3'])
        expect(output).toContain('last words')
        expect(output).toContain('failed')
        expect(output).toContain('exit code')
        expect(code).toBe(1)
      })

      test('submit takes a working directory, a runtime environment, metadata and resources', async () => {
        const env = JSON.stringify({ env_vars: { GREETING: 'hi' } })
        const given = ['--working-dir', folder, '--runtime-env-json', env, '--metadata-json', '{"a":"b"}', '--entrypoint-num-cpus', '0.5']
        const { code, output } = await ray(['job', 'submit', ...http(), ...given, '--', 'sh', '-c', 'cat note.txt; echo $GREETING'])
        expect(output).toContain('a note\n')
        expect(output).toContain('hi\n')
        expect(code).toBe(0)
      })

      test('submit installs Python packages first', async () => {
        const program = ['python', '-c', 'import six; print("six", six.__version__)']
        const { code, output } = await ray(['job', 'submit', ...http(), '--runtime-env-json', '{"pip":["six==1.16.0"]}', '--', ...program])
        expect(output).toContain('six 1.16.0')
        expect(code).toBe(0)
      })

      test('status, logs and list know a job by its id', async () => {
        await ray(['job', 'submit', ...http(), '--submission-id', 'known', '--', 'echo', 'known output'])
        expect((await ray(['job', 'status', ...http(), 'known'])).output).toContain("'known' succeeded")
        expect((await ray(['job', 'logs', ...http(), 'known'])).output).toContain('known output')
        expect((await ray(['job', 'logs', ...http(), '-f', 'known'])).output).toContain('known output')
        expect((await ray(['job', 'list', ...http()])).output).toContain('known')
      })

      test('stop ends a running job, delete forgets it', async () => {
        await ray(['job', 'submit', ...http(), '--submission-id', 'sleeper', '--no-wait', '--', 'sleep', '300'])
        const { code, output } = await ray(['job', 'stop', ...http(), 'sleeper'])
        expect(output).toContain('was stopped')
        expect(code).toBe(0)
        expect((await ray(['job', 'delete', ...http(), 'sleeper'])).output).toContain('deleted')
        expect((await ray(['job', 'status', ...http(), 'sleeper'])).code).toBe(1)
      })

      test('an id that is taken, and one that is unknown, are refused', async () => {
        await ray(['job', 'submit', ...http(), '--submission-id', 'taken', '--', 'true'])
        expect((await ray(['job', 'submit', ...http(), '--submission-id', 'taken', '--', 'true'])).code).toBe(1)
        expect((await ray(['job', 'logs', ...http(), 'nobody'])).output).toContain('404')
      })

      test('the Python client uploads, follows, reads, stops and deletes', async () => {
        const { code, output } = await client.run({ argv: [engine.http, folder], program: clientSteps, limitS: 120 })
        expect({ code, output }).toMatchObject({ code: 0 })
        const seen = JSON.parse(output.slice(output.indexOf('\u001e') + 1)) as Record<string, unknown>
        expect(seen).toMatchObject({
          job: 'py-client-1',
          status: 'SUCCEEDED',
          info: { type: 'SUBMISSION', submission_id: 'py-client-1', metadata: { owner: 'conformance' }, exit: 0, ended: true, node: 56 },
          listed: true,
          stopped: true,
          afterStop: 'STOPPED',
          deleted: true,
          afterDelete: '404',
          duplicate: 'refused RuntimeError',
        })
        for (const text of [seen['tail'], seen['logs']]) {
          expect(text).toContain('a note\n')
          expect(text).toContain('grüezi\ndone\n')
        }
      }, 120_000)
    })

    describe('ray list, get, summary', () => {
      test.each(resources)('list %s prints a table, details and JSON', async (resource) => {
        for (const more of [[], ['--detail'], ['--limit', '5'], ['--format', 'json', '--detail']]) {
          const { code, output } = await ray(['list', resource, ...http(), ...more])
          expect({ code, output }).toMatchObject({ code: 0 })
        }
      })

      test('tasks are found by state and by function', async () => {
        const finished = await rows(['list', 'tasks', ...http(), '--filter', 'name=square', '--filter', 'state=FINISHED'])
        expect(finished).toHaveLength(3)
        const failed = await rows(['list', 'tasks', ...http(), '--filter', 'name=fail', '--detail'])
        expect(failed).toMatchObject([{ state: 'FAILED', error_type: 'TASK_EXECUTION_EXCEPTION', type: 'NORMAL_TASK' }])
        expect(String(failed[0]?.['error_message'])).toContain('on purpose')
        expect(await rows(['list', 'tasks', ...http(), '--filter', 'state!=FINISHED', '--filter', 'name=linger'])).toMatchObject([
          { state: 'RUNNING' },
        ])
      })

      test('an actor is found by name and by id', async () => {
        const [actor] = await rows(['list', 'actors', ...http(), '--filter', 'name=counter'])
        expect(actor).toMatchObject({ class_name: 'Counter', state: 'ALIVE', name: 'counter' })
        const { code, output } = await ray(['get', 'actors', String(actor?.['actor_id']), ...http()])
        expect(output).toContain('Counter')
        expect(code).toBe(0)
      })

      test('a task, a node, a worker, a placement group are found by id', async () => {
        for (const [resource, key] of [
          ['tasks', 'task_id'],
          ['nodes', 'node_id'],
          ['workers', 'worker_id'],
          ['placement-groups', 'placement_group_id'],
          ['objects', 'object_id'],
        ] as const) {
          const [row] = await rows(['list', resource, ...http()])
          const { code, output } = await ray(['get', resource, String(row?.[key]), ...http()])
          expect(output).toContain(String(row?.[key]))
          expect(code).toBe(0)
        }
      })

      test('the node, the placement group and the job show what they hold', async () => {
        expect(await rows(['list', 'nodes', ...http()])).toMatchObject([{ state: 'ALIVE', is_head_node: true }])
        expect(await rows(['list', 'placement-groups', ...http(), '--filter', 'name=pair'])).toMatchObject([{ state: 'CREATED' }])
        expect(await rows(['list', 'jobs', ...http(), '--filter', 'submission_id=workload'])).toMatchObject([
          { status: 'RUNNING', type: 'SUBMISSION' },
        ])
      })

      test.each(['tasks', 'actors', 'objects'])('summary of %s counts', async (resource) => {
        const { code, output } = await ray(['summary', resource, ...http()])
        expect({ code, output }).toMatchObject({ code: 0 })
        if (resource === 'tasks') expect(output).toContain('square')
        if (resource === 'actors') expect(output).toContain('Counter')
      })

      test('an unknown filter key and a limit over the top are refused with the reason', async () => {
        expect((await ray(['list', 'tasks', ...http(), '--filter', 'nothing=1'])).code).not.toBe(0)
        expect((await ray(['list', 'tasks', ...http(), '--limit', '100000'])).code).not.toBe(0)
      })

      test('the address of the head works as well as that of the API', async () => {
        const { code, output } = await ray(['list', 'nodes', ...grpc()])
        expect(output).toContain('ALIVE')
        expect(code).toBe(0)
      })
    })

    describe('ray status, health-check, logs', () => {
      test('status shows nodes and resources', async () => {
        const { code, output } = await ray(['status', ...grpc()])
        expect(output).toContain('CPU')
        expect(output).toMatch(/Active:|Idle:/)
        expect(code).toBe(0)
      })

      test('health-check says that the head is there', async () => {
        expect((await ray(['health-check', ...grpc()])).code).toBe(0)
      })

      test('logs lists the files and shows one', async () => {
        expect((await ray(['logs', 'cluster', ...grpc()])).output).toContain('job-driver-workload.log')
        expect((await ray(['logs', 'cluster', 'job-driver-workload.log', ...grpc()])).output).toContain('workload stands')
        expect((await ray(['logs', 'job', '--id', 'workload', ...grpc()])).output).toContain('workload stands')
      })

      test('logs of an actor and of a task are those of their process', async () => {
        const [actor] = await rows(['list', 'actors', ...http(), '--filter', 'name=counter'])
        expect((await ray(['logs', 'actor', '--id', String(actor?.['actor_id']), ...grpc()])).output).toContain('adding 2')
        const [task] = await rows(['list', 'tasks', ...http(), '--filter', 'name=square'])
        expect((await ray(['logs', 'task', '--id', String(task?.['task_id']), ...grpc()])).output).toContain('square of')
      })

      test('an unknown file is found nowhere, and an unknown actor is an error', async () => {
        expect((await ray(['logs', 'cluster', 'no-such-file.log', ...grpc()])).output).toContain('{}')
        expect((await ray(['logs', 'actor', '--id', '0'.repeat(32), ...grpc()])).code).not.toBe(0)
      })
    })

    describe('the schemas of runtime/api', () => {
      const get = async (path: string): Promise<unknown> => {
        const response = await fetch(`${engine.http}${path}`, { headers: { authorization: `Bearer ${engine.token}` } })
        if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
        return response.json()
      }

      test.each(answers)('fit the answer to %s', async (path, schema) => {
        const { error } = schema.safeParse(await get(path))
        expect(error?.message ?? '').toBe('')
      })

      test('fit the answers about one node', async () => {
        const [node] = await rows(['list', 'nodes', ...http()])
        for (const [path, schema] of answersOfNode(String(node?.['node_id']))) {
          const { error } = schema.safeParse(await get(path))
          expect(`${path} ${error?.message ?? ''}`).toBe(`${path} `)
        }
      })
    })

    describe('without the token', () => {
      let stranger: RayClient
      beforeAll(async () => {
        stranger = new RayClient(python ?? '', {})
        await stranger.ready
      })
      afterAll(() => stranger?.close())

      test('the commands over HTTP and over gRPC are refused and say that it is about authentication', async () => {
        for (const argv of [
          ['job', 'list', ...http()],
          ['list', 'nodes', ...http()],
        ]) {
          const { code, output } = await stranger.run({ argv })
          expect(output).toMatch(/auth|401/i)
          expect(code).not.toBe(0)
        }
        expect((await stranger.run({ argv: ['status', ...grpc()] })).code).not.toBe(0)
      })

      test('a wrong token is refused', async () => {
        const { code, output } = await client.run({ argv: ['job', 'list', ...http()], env: { RAY_AUTH_TOKEN: 'f'.repeat(64) } })
        expect(output).toMatch(/auth|403/i)
        expect(code).not.toBe(0)
      })

      test('headers given by hand are enough for jobs', async () => {
        const headers = JSON.stringify({ Authorization: `Bearer ${engine.token}` })
        expect((await stranger.run({ argv: ['job', 'list', ...http(), '--headers', headers] })).code).toBe(0)
      })
    })
  })
}

/** The CLI may say something before its JSON. */
const jsonIn = (output: string): string => output.slice(output.search(/^[[{]/m))

async function logHolds(ray: (argv: readonly string[]) => Promise<Ran>, address: readonly string[], text: string): Promise<void> {
  const until = performance.now() + workloadWithinMs
  for (;;) {
    const { output } = await ray(['job', 'logs', ...address, 'workload'])
    if (output.includes(text)) return
    if (performance.now() > until) throw new Error(`the workload did not say ${JSON.stringify(text)}: ${output}`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}
