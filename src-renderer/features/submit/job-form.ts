import type { JobFolder, JobSpec } from '../../../src-main/contract/jobs.ts'
import { isRow, recordIn, type Row, textIn } from '../../api/rows.ts'

/** A job as it stands in the form: texts, as they are typed. */
export type JobForm = {
  readonly entrypoint: string
  readonly folderKind: 'none' | 'upload' | 'path' | 'uri'
  readonly folderPath: string
  readonly folderUri: string
  readonly cpus: string
  readonly gpus: string
  readonly memoryGib: string
  readonly custom: string
  readonly labels: string
  readonly env: string
  readonly pip: string
  readonly id: string
  readonly metadata: string
  readonly runtimeEnv: string
  readonly priority: string
}

export const emptyForm: JobForm = {
  entrypoint: '',
  folderKind: 'none',
  folderPath: '',
  folderUri: '',
  cpus: '',
  gpus: '',
  memoryGib: '',
  custom: '',
  labels: '',
  env: '',
  pip: '',
  id: '',
  metadata: '',
  runtimeEnv: '',
  priority: '',
}

/** What is wrong with a field: a word of the messages, and its values. */
export type FieldError = {
  readonly word: 'number' | 'customWrong' | 'envWrong' | 'jsonWrong' | 'commandMissing'
  readonly values?: Record<string, string | number>
}
export type Read = { readonly spec: JobSpec; readonly errors: Partial<Record<keyof JobForm, FieldError>> }

const gib = 1_073_741_824

/** The job that the form means, and which of its fields cannot be read. `folder`: what was chosen in the browser, when it is sent. */
export function readForm(form: JobForm, uploadId?: string): Read {
  const errors: Partial<Record<keyof JobForm, FieldError>> = {}
  const amount = (field: 'cpus' | 'gpus' | 'memoryGib' | 'priority', scale = 1) => {
    const text = form[field].trim()
    if (text === '') return undefined
    const value = Number(text)
    if (!Number.isFinite(value) || (field !== 'priority' && value < 0)) errors[field] = { word: 'number' }
    return Math.round(value * scale * 10_000) / 10_000
  }
  const pairs = (field: 'custom' | 'labels') => {
    const parts = form[field].split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]))
    const split = parts.map((part) => /^([^=\s]+)\s*=\s*(.*)$/.exec(part))
    if (split.includes(null)) errors[field] = { word: 'customWrong' }
    return Object.fromEntries(split.flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? ''] as const] : [])))
  }
  const json = (field: 'metadata' | 'runtimeEnv'): Row => {
    if (form[field].trim() === '') return {}
    try {
      const value: unknown = JSON.parse(form[field])
      if (isRow(value)) return value
      errors[field] = { word: 'jsonWrong', values: { why: '{ }' } }
    } catch (error) {
      errors[field] = { word: 'jsonWrong', values: { why: error instanceof Error ? error.message : String(error) } }
    }
    return {}
  }
  const [cpus, gpus, memoryBytes, priority] = [amount('cpus'), amount('gpus'), amount('memoryGib', gib), amount('priority')]
  const custom = Object.entries(pairs('custom')).map(([name, text]) => [name, Number(text)] as const)
  if (custom.some(([, value]) => !Number.isFinite(value))) errors.custom = { word: 'customWrong' }
  const labels = pairs('labels')
  const { env, wrongLine } = readEnv(form.env)
  if (wrongLine !== undefined) errors.env = { word: 'envWrong', values: { line: wrongLine } }
  const pip = form.pip.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))
  if (form.entrypoint.trim() === '') errors.entrypoint = { word: 'commandMissing' }
  const metadata = Object.fromEntries(
    Object.entries(json('metadata')).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
  const runtimeEnv = {
    ...json('runtimeEnv'),
    ...(Object.keys(env).length > 0 && { env_vars: env }),
    ...(pip.length > 0 && { pip }),
  }
  const folder = folderOf(form, uploadId)
  const spec: JobSpec = {
    entrypoint: form.entrypoint,
    resources: {
      ...(cpus !== undefined && { cpus }),
      ...(gpus !== undefined && { gpus }),
      ...(memoryBytes !== undefined && { memoryBytes: Math.round(memoryBytes) }),
      ...(custom.length > 0 && { custom: Object.fromEntries(custom) }),
    },
    ...(form.id.trim() !== '' && { submissionId: form.id.trim() }),
    ...(Object.keys(runtimeEnv).length > 0 && { runtimeEnv }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
    ...(priority !== undefined && { priority: Math.round(priority) }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(folder && { folder }),
  }
  return { spec, errors }
}

function folderOf(form: JobForm, uploadId: string | undefined): JobFolder | undefined {
  switch (form.folderKind) {
    case 'none':
      return undefined
    case 'upload':
      return uploadId === undefined ? undefined : { kind: 'upload', uploadId }
    case 'path':
      return form.folderPath.trim() === '' ? undefined : { kind: 'folder', path: form.folderPath.trim() }
    case 'uri':
      return form.folderUri.trim() === '' ? undefined : { kind: 'uri', uri: form.folderUri.trim() }
  }
}

function readEnv(text: string): { readonly env: Record<string, string>; readonly wrongLine: number | undefined } {
  const env: Record<string, string> = {}
  let wrongLine: number | undefined
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const match = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line)
    if (match) env[match[1] ?? ''] = match[2] ?? ''
    else wrongLine ??= index + 1
  }
  return { env, wrongLine }
}

/** The form of a job that was submitted before, to be changed and run again. Its package is still on the cluster. */
export function formOfJob(row: Row): JobForm {
  const env = recordIn(row, 'runtime_env')
  const { env_vars: variables, pip, working_dir: folder, ...others } = env
  const resources = recordIn(row, 'resources')
  const { CPU, GPU, memory, ...custom } = resources
  const lines = isRow(variables) ? Object.entries(variables).map(([name, value]) => `${name}=${String(value)}`) : []
  const metadata = recordIn(row, 'metadata')
  const plain = Array.isArray(pip) && pip.every((each) => typeof each === 'string')
  const rest = { ...others, ...(pip !== undefined && !plain && { pip }) }
  return {
    ...emptyForm,
    entrypoint: textIn(row, 'entrypoint') ?? '',
    folderKind: typeof folder === 'string' ? 'uri' : 'none',
    folderUri: typeof folder === 'string' ? folder : '',
    cpus: typeof CPU === 'number' ? String(CPU) : '',
    gpus: typeof GPU === 'number' ? String(GPU) : '',
    memoryGib: typeof memory === 'number' ? String(memory / gib) : '',
    custom: Object.entries(custom)
      .map(([name, value]) => `${name}=${String(value)}`)
      .join(', '),
    env: lines.join('\n'),
    pip: plain ? pip.join('\n') : '',
    metadata: Object.keys(metadata).length === 0 ? '' : JSON.stringify(metadata, null, 2),
    runtimeEnv: Object.keys(rest).length === 0 ? '' : JSON.stringify(rest, null, 2),
    priority: textIn(row, 'priority') ?? '',
  }
}
