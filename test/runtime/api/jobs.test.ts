import { expect, test } from 'vitest'
import { JobDetails, JobSubmitRequest, ShoalJobSubmitRequest } from '#runtime/api/jobs.ts'
import { findRuntimeEnvProblem } from '#runtime/api/runtime-env.ts'

const problemOf = (request: unknown): string => {
  const parsed = JobSubmitRequest.safeParse(request)
  const [issue] = parsed.error?.issues ?? []
  return issue ? `${issue.path.join('.')}: ${issue.message}` : 'none'
}

test('null counts as absent, as both ends of Ray have it', () => {
  const request = { entrypoint: 'x', submission_id: null, runtime_env: null, entrypoint_num_cpus: null, metadata: {} }
  expect(JobSubmitRequest.parse(request)).toEqual({ entrypoint: 'x', metadata: {} })
})

test('a key that is not known is refused by name, and the priority is known only to our own path', () => {
  expect(problemOf({ entrypoint: 'x', entry_point: 'y' })).toContain('"entry_point"')
  expect(problemOf({ entrypoint: 'x', priority: 3 })).toContain('"priority"')
  expect(ShoalJobSubmitRequest.parse({ entrypoint: 'x', priority: 3 })).toEqual({ entrypoint: 'x', priority: 3 })
  expect(ShoalJobSubmitRequest.safeParse({ entrypoint: 'x', priority: 3.5 }).success).toBe(false)
  expect(ShoalJobSubmitRequest.safeParse({ entrypoint: 'x', priority: 5_000 }).success).toBe(false)
})

test.each([
  ['entrypoint', {}],
  ['entrypoint', { entrypoint: '' }],
  ['entrypoint_num_gpus', { entrypoint: 'x', entrypoint_num_gpus: 1.5 }],
  ['entrypoint_num_cpus', { entrypoint: 'x', entrypoint_num_cpus: -1 }],
  ['entrypoint_memory', { entrypoint: 'x', entrypoint_memory: 0.5 }],
  ['entrypoint_resources.GPU', { entrypoint: 'x', entrypoint_resources: { GPU: 1 } }],
  ['metadata.a', { entrypoint: 'x', metadata: { a: 1 } }],
  ['job_id', { entrypoint: 'x', job_id: 'a', submission_id: 'b' }],
  ['runtime_env.env_vars.RAY_JOB_CONFIG_JSON_ENV_VAR', { entrypoint: 'x', runtime_env: { env_vars: { RAY_JOB_CONFIG_JSON_ENV_VAR: '' } } }],
  ['runtime_env.working_dir', { entrypoint: 'x', runtime_env: { working_dir: 'relative/path' } }],
  ['runtime_env.config.setup_timeout_seconds', { entrypoint: 'x', runtime_env: { config: { setup_timeout_seconds: 'long' } } }],
])('%s is named when it is wrong', (field, request) => {
  expect(problemOf(request)).toMatch(new RegExp(`^${field.replaceAll('.', '\\.')}: `))
})

test.each(['a/b', '', '.', '..', '...', 'a b', 'ä', 'a\n', 'x'.repeat(129)])('%j is no submission id', (id) => {
  expect(problemOf({ entrypoint: 'x', submission_id: id })).toContain('submission_id: ')
})

test.each(['a', 'raysubmit_aB3', 'a.b-c_d', '.hidden', 'x'.repeat(128)])('%j is a submission id', (id) => {
  expect(problemOf({ entrypoint: 'x', submission_id: id })).toBe('none')
})

test('what Ray knows and nobody here can honour is refused with what to do instead', () => {
  expect(findRuntimeEnvProblem({ conda: 'env' })).toEqual({ field: 'runtime_env.conda', problem: expect.stringContaining('use pip or uv') })
  expect(findRuntimeEnvProblem({ nothing: 1 })?.problem).toContain('there are working_dir, py_modules, env_vars')
  expect(findRuntimeEnvProblem({ pip: ['a'], py_executable: 'python3.12' })?.field).toBe('runtime_env.py_executable')
  expect(
    findRuntimeEnvProblem({ pip: { packages: ['a'], pip_check: true, pip_version: '==24.0' }, _ray_commit: 'x', excludes: ['*.bin'] }),
  ).toBeUndefined()
  expect(findRuntimeEnvProblem({ uv: 'numpy\n# a comment\n' })).toBeUndefined()
})

test('what a Ray head answers of a job parses, keys that we do not know left aside', () => {
  const driver = {
    type: 'DRIVER',
    job_id: '02000000',
    submission_id: null,
    driver_info: { id: '02000000', node_ip_address: '10.0.0.1', pid: '77' },
    status: 'RUNNING',
    entrypoint: 'python x.py',
    message: null,
    error_type: null,
    start_time: 1_795_402_119_302,
    end_time: 0,
    metadata: {},
    runtime_env: {},
    driver_agent_http_address: 'http://10.0.0.1:52365',
    driver_node_id: 'a'.repeat(56),
    driver_exit_code: null,
    more: true,
  }
  expect(JobDetails.parse(driver)).toMatchObject({ type: 'DRIVER', end_time: 0 })
  expect(JobDetails.safeParse({ ...driver, status: 'QUEUED' }).success).toBe(false)
})
