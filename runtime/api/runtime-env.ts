import * as z from 'zod'

/** What becomes a word of a command line. */
const word = (max: number) =>
  z
    .string()
    .max(max)
    .refine((text) => !text.includes('\0'), 'may not hold a zero byte')
const Requirement = word(4_096).min(1)

/** What a Python environment is made of: a list of requirements, the text of a requirements file, or a record with options. */
const installer = <Extra extends z.ZodRawShape>(extra: Extra) =>
  z.union([
    z.array(Requirement).max(10_000),
    word(1_048_576).min(1),
    z.strictObject({ packages: z.array(Requirement).max(10_000), ...extra }),
  ])

const Pip = installer({
  pip_check: z.boolean().optional(),
  pip_version: word(64).optional(),
  pip_install_options: z.array(word(4_096)).max(64).optional(),
})
const Uv = installer({
  uv_check: z.boolean().optional(),
  uv_version: word(64).optional(),
  uv_pip_install_options: z.array(word(4_096)).max(64).optional(),
})

/** `gcs://` is where this head keeps uploaded packages; anything else must be there on the node already. */
const Location = z
  .string()
  .max(4_096)
  .refine(
    (text) => /^gcs:\/\/(?!\.)[A-Za-z0-9_.+=,@-]{1,255}$/.test(text) || (text.startsWith('/') && !text.includes('\0')),
    'must be gcs://NAME of an uploaded package, or an absolute path on the node',
  )

const EnvironmentName = z
  .string()
  .regex(/^[^=\0]{1,1024}$/, 'must be the name of an environment variable')
  .regex(/^(?!RAY_JOB_CONFIG_JSON_ENV_VAR$|SHOAL_JOB_)/, 'is set by the cluster itself')

/** `runtime_env` of a job. Keys that no node of ours could honour are refused by name, never ignored (Ray: runtime_env/runtime_env.py). */
export const RuntimeEnv = z.strictObject({
  working_dir: Location.optional(),
  py_modules: z.array(Location).max(256).optional(),
  env_vars: z
    .record(
      EnvironmentName,
      z
        .string()
        .max(131_072)
        .refine((text) => !text.includes('\0'), 'may not hold a zero byte'),
    )
    .optional(),
  pip: Pip.optional(),
  uv: Uv.optional(),
  py_executable: word(4_096).min(1).optional(),
  config: z
    .strictObject({
      /** Seconds; -1: no limit but the one of the head. */
      setup_timeout_seconds: z.int().min(-1).max(86_400).optional(),
      /** Always so here: an environment is set up when its job starts. */
      eager_install: z.boolean().optional(),
    })
    .optional(),
  /** Seen by the client that packs the folder. */
  excludes: z.array(z.string().max(4_096)).max(10_000).optional(),
  /** Added by Ray's client. */
  _ray_commit: z.string().max(256).optional(),
  _ray_release: z.string().max(256).optional(),
})
export type RuntimeEnv = z.infer<typeof RuntimeEnv>

/** Keys of Ray's `runtime_env` that are refused, with what to do instead. */
const instead: Readonly<Record<string, string>> = {
  conda: 'use pip or uv, or start the command inside an environment that the node has',
  container: 'start the container in the entrypoint',
  image_uri: 'start the container in the entrypoint',
  java_jars: 'set CLASSPATH in env_vars',
  worker_process_setup_hook: 'do that at the start of the program',
  _nsight: 'start the profiler in the entrypoint',
  _rocprof_sys: 'start the profiler in the entrypoint',
}

/** Says what is wrong with a `runtime_env`, naming the field; undefined when nothing is. */
export function findRuntimeEnvProblem(value: unknown): { readonly field: string; readonly problem: string } | undefined {
  if (typeof value === 'object' && value !== null) {
    for (const key of Object.keys(value)) {
      if (Object.hasOwn(RuntimeEnv.shape, key)) continue
      const hint = Object.hasOwn(instead, key)
        ? `; ${instead[key]}`
        : `; there are ${Object.keys(RuntimeEnv.shape)
            .filter((name) => !name.startsWith('_'))
            .join(', ')}`
      return { field: `runtime_env.${key}`.slice(0, 200), problem: `is not supported here${hint}` }
    }
  }
  const parsed = RuntimeEnv.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const at = ['runtime_env', ...(issue?.path.map(String) ?? [])].join('.')
    return { field: at.slice(0, 200), problem: issue?.message.slice(0, 500) ?? 'is not what it should be' }
  }
  const { pip, uv, py_executable: executable } = parsed.data
  if (pip !== undefined && uv !== undefined) return { field: 'runtime_env.uv', problem: 'cannot stand beside pip: choose one of them' }
  if (executable !== undefined && (pip ?? uv) !== undefined) {
    return {
      field: 'runtime_env.py_executable',
      problem: `cannot stand beside ${pip === undefined ? 'uv' : 'pip'}, which brings a Python of its own: choose one`,
    }
  }
  return undefined
}
