import { priorityMetadataKey, type ShoalJobSubmitRequest } from '../../api/jobs.ts'
import { RuntimeEnv } from '../../api/runtime-env.ts'
import { ClusterError } from '../../base/errors.ts'
import type { JobEnvironment } from '../../protocol/jobs.ts'
import type { LabelCondition } from '../../protocol/scheduling.ts'
import type { SubmissionSpec } from '../core/submission.ts'

/** Ray: 600 s. */
const defaultSetupMs = 600_000
/** What `-1`, no limit, comes to. */
const longestSetupMs = 24 * 3_600_000

type NewSpec = Omit<SubmissionSpec, 'submittedAtMs'>

/** What the core is told of a request. `submissionId` is used when the request names none. @throws ClusterError `bad-argument` naming the field. */
export function specFrom(request: ShoalJobSubmitRequest, submissionId: string): NewSpec {
  const runtimeEnv = request.runtime_env ?? {}
  const metadata = request.metadata ?? {}
  return {
    submissionId: request.submission_id ?? request.job_id ?? submissionId,
    entrypoint: request.entrypoint,
    runtimeEnv,
    environment: environmentFrom(RuntimeEnv.parse(runtimeEnv)), // looked at with the request
    metadata,
    placement: placementFrom(request),
    priority: request.priority ?? priorityFrom(metadata[priorityMetadataKey]),
  }
}

function environmentFrom(env: RuntimeEnv): JobEnvironment {
  const seconds = env.config?.setup_timeout_seconds
  return {
    workingDir: env.working_dir ?? null,
    pyModules: env.py_modules ?? [],
    envVars: env.env_vars ?? {},
    python: pythonFrom(env),
    pyExecutable: env.py_executable ?? null,
    setupTimeoutMs: seconds === undefined ? defaultSetupMs : seconds === -1 ? longestSetupMs : Math.max(1, seconds * 1_000),
  }
}

function pythonFrom({ pip, uv }: RuntimeEnv): JobEnvironment['python'] {
  if (pip !== undefined) {
    if (typeof pip === 'string' || Array.isArray(pip)) return python('pip', pip)
    const { packages, pip_check: check, pip_version: version, pip_install_options: options } = pip
    return python('pip', packages, { check, version, options })
  }
  if (uv === undefined) return null
  if (typeof uv === 'string' || Array.isArray(uv)) return python('uv', uv)
  const { packages, uv_check: check, uv_version: version, uv_pip_install_options: options } = uv
  return python('uv', packages, { check, version, options })
}

type InstallerOptions = {
  readonly check?: boolean | undefined
  readonly version?: string | undefined
  readonly options?: readonly string[] | undefined
}

/** A text is a requirements file: its lines without comments. */
function python(installer: 'pip' | 'uv', packages: string | readonly string[], more: InstallerOptions = {}): JobEnvironment['python'] {
  const lines = typeof packages === 'string' ? packages.split(/\r?\n/) : packages
  const requirements = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
  if (requirements.length === 0) return null
  const { check = false, version = null, options = [] } = more
  return { installer, requirements, options: [...options], check, version: version === '' ? null : version }
}

/** Null when nothing is asked for: then it runs on the node of the head, as Ray's do. */
function placementFrom(request: ShoalJobSubmitRequest): NewSpec['placement'] {
  const {
    entrypoint_num_cpus: cpus,
    entrypoint_num_gpus: gpus,
    entrypoint_memory: memory,
    entrypoint_resources: resources,
    entrypoint_label_selector: selector,
  } = request
  const isAsked = [cpus, gpus, memory, resources, selector].some((each) => each !== undefined)
  if (!isAsked) return null
  const all: Record<string, number> = { ...resources, CPU: cpus ?? 0, GPU: gpus ?? 0, memory: memory ?? 0 }
  return {
    resources: Object.fromEntries(Object.entries(all).filter(([, amount]) => amount > 0)),
    labels: Object.entries(selector ?? {}).map(([key, text]) => conditionFrom(key, text)),
  }
}

/** `a`, `!a`, `in(a,b)`, `!in(a,b)` (Ray: label_utils). */
function conditionFrom(key: string, text: string): LabelCondition {
  const isNot = text.startsWith('!')
  const rest = isNot ? text.slice(1) : text
  const list = /^in\((.*)\)$/.exec(rest)
  const values = list ? (list[1] ?? '').split(',').map((value) => value.trim()) : [rest]
  if ((list && values.includes('')) || values.length > 64 || values.some((value) => value.length > 256)) {
    throw new ClusterError(
      'bad-argument',
      `field "entrypoint_label_selector.${key.slice(0, 100)}": must be 'a', '!a', 'in(a,b)' or '!in(a,b)', got ${JSON.stringify(text.slice(0, 200))}`,
      { details: { field: 'entrypoint_label_selector' } },
    )
  }
  return { key, operator: isNot ? 'not-in' : 'in', values }
}

function priorityFrom(text: string | undefined): number {
  if (text === undefined) return 0
  const priority = Number(text)
  if (Number.isInteger(priority) && Math.abs(priority) <= 1_000 && text.trim() !== '') return priority
  throw new ClusterError(
    'bad-argument',
    `field "metadata.${priorityMetadataKey}": must be a whole number from -1000 to 1000, got ${JSON.stringify(text.slice(0, 100))}`,
  )
}
