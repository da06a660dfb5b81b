import { ClusterError } from '../../runtime/base/errors.ts'
import type { HostConnection } from '../ssh/host-connection.ts'
import { quoteForSh, quoteForShell } from '../ssh/shell-quote.ts'

/** What a job was given, as the cluster tells it. */
export type JobPlace = {
  readonly job: string
  /** Of its node, on that machine. */
  readonly sessionFolder: string
  /** `gcs://…` or an absolute path; undefined: it has none of its own. */
  readonly workingDir: string | undefined
  readonly variables: Readonly<Record<string, string>>
}

export type PreparedShell = {
  /** For any shell. */
  readonly command: string
  /** Where it begins, for people. */
  readonly where: string
  /** To be called when the command is not run after all. */
  readonly discard: () => Promise<void>
}

const scriptTimeoutMs = 20_000

/** Says where the job's things lie on its machine; nothing is said of what is not there. */
const findScript = `session=$1 package=$2 place=$3 job=$4
if [ -n "$package" ]; then
  for facts in "$session"/node/packages/*.json; do
    grep -qsF "\\"name\\":\\"$package\\"" "$facts" && [ -d "\${facts%.json}" ] && echo "folder \${facts%.json}" && break
  done
elif [ -d "$place" ]; then echo "folder $place"
fi
venv=$(grep -os -m 1 "$session/node/venvs/[0-9a-f][0-9a-f]*" "$session/logs/job-driver-$job.log" | head -n 1)
[ -n "$venv" ] && [ -d "$venv" ] && echo "venv $venv"
[ -d "$session/node/bin" ] && echo "programs $session/node/bin"
true
`

/** Into the session, which is removed with all of ours; where that is gone, into the folder for temporary files. For us alone, and whole or not there. */
const writeScript = `folder=$1
[ -d "$folder" ] && [ -w "$folder" ] || folder=\${TMPDIR:-/tmp}
umask 077
file=$(mktemp "$folder/.shell-XXXXXXXX") || exit
printf '%s' "$2" >"$file" || { rm -f -- "$file"; exit 1; }
echo "file $file"
`

/**
 * Lays down how a shell begins that stands where the job does. Its variables may be secrets: they go over standard input into a file that the
 * shell removes first of all, and stand in no list of processes.
 */
export async function prepareJobShell(connection: HostConnection, place: JobPlace, signal?: AbortSignal): Promise<PreparedShell> {
  const { job, sessionFolder, workingDir = '' } = place
  const options = { timeoutMs: scriptTimeoutMs, ...(signal ? { signal } : {}) }
  const isPackage = workingDir.startsWith('gcs://')
  const names = isPackage ? [workingDir.slice('gcs://'.length), ''] : ['', workingDir]
  const found = foundIn((await connection.script(findScript, [sessionFolder, ...names, job], options)).stdout)
  const { code, stdout, stderr } = await connection.script(writeScript, [sessionFolder, starterOf(place, found)], options)
  const file = /^file (\/.*)$/m.exec(stdout)?.[1]
  if (code !== 0 || file === undefined) {
    const why = stderr.trim().slice(0, 500) || `it ended with ${code}`
    throw new ClusterError(
      'store.disk-full',
      `nothing can be written on ${connection.target.name}: ${why}; open a terminal on the machine itself`,
    )
  }
  return {
    command: `/bin/sh ${quoteForShell(file)}`,
    where: whereWords(place, found),
    async discard() {
      await connection.script('rm -f -- "$1"\n', [file], { timeoutMs: scriptTimeoutMs }).catch(() => {}) // it goes with the session
    },
  }
}

type Found = { readonly folder?: string; readonly venv?: string; readonly programs?: string }

function foundIn(stdout: string): Found {
  const lines = stdout.split('\n').flatMap((line) => {
    const [, name, path] = /^(folder|venv|programs) (\/.*)$/.exec(line) ?? []
    return name !== undefined && path !== undefined ? [[name, path] as const] : []
  })
  return Object.fromEntries(lines)
}

/** The same variables, in the same order, as the job's own command has them. */
function starterOf({ variables, sessionFolder, job }: JobPlace, { folder, venv, programs }: Found): string {
  const set = (name: string, value: string) => `export ${name}=${value}`
  const front = [...(venv === undefined ? [] : [`${venv}/bin`]), ...(programs === undefined ? [] : [programs])]
  const lines = [
    'rm -f -- "$0"',
    ...(venv === undefined ? [] : [set('VIRTUAL_ENV', quoteForSh(venv))]),
    ...Object.entries(variables).flatMap(([name, value]) => (/^[A-Za-z_]\w*$/.test(name) ? [set(name, expanded(value))] : [])),
    ...(folder === undefined ? [] : [set('PYTHONPATH', `${quoteForSh(folder)}"\${PYTHONPATH:+:$PYTHONPATH}"`)]),
    ...(front.length === 0 ? [] : [set('PATH', `${quoteForSh(front.join(':'))}":$PATH"`)]),
    set('SHOAL_TEMP_DIR', quoteForSh(sessionFolder)),
    set('SHOAL_ADDRESS', 'auto'),
    set('SHOAL_JOB_SUBMISSION_ID', quoteForSh(job)),
    folder === undefined ? 'cd' : `cd ${quoteForSh(folder)} || cd`,
    'exec "${SHELL:-/bin/sh}"',
  ]
  return `${lines.join('\n')}\n`
}

/** `${NAME}` is what the variable was before, and stays as it is where there was none; so does all else. */
function expanded(value: string): string {
  const parts = value.split(/\$\{([A-Za-z_]\w*)\}/) // texts and names in turn
  const words = parts.map((part, at) => (at % 2 === 1 ? `"\${${part}-\\\${${part}\\}}"` : part === '' ? '' : quoteForSh(part)))
  return words.join('') || "''"
}

function whereWords({ workingDir, job }: JobPlace, { folder, venv }: Found): string {
  const variables = venv === undefined ? 'Its variables are set.' : `Its variables are set, and its Python environment ${venv}.`
  if (folder !== undefined) return `You are in the folder of job ${job}, ${folder}. ${variables}`
  if (workingDir === undefined) return `Job ${job} has no folder of its own: you are in the home folder. ${variables}`
  return `The folder of job ${job}, ${workingDir}, is not there any more: you are in the home folder. ${variables}`
}
