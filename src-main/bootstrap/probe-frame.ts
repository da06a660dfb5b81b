import { randomBytes } from 'node:crypto'
import { ClusterError } from '../../runtime/base/errors.ts'

/** Begins the word that listeners of a reachability test carry in their command line, so that a probe tells them from what stays. */
export const reachWord = 'shoal-reach-'

/**
 * What our looking scripts share. Each fact is a line `MARK key value`; the mark is new every time, so that what login shells print is never
 * taken for a fact. Nothing is written, and no command reads the script's standard input, which is the script itself.
 */
export const frameScript = `mark=$1
shift
LC_ALL=C; export LC_ALL
PATH=$PATH:/usr/local/bin:/usr/sbin:/sbin:/opt/rocm/bin:$HOME/.local/bin:$HOME/.cargo/bin; export PATH
exec 2>/dev/null
say() { printf '%s %s %.1900s\\n' "$mark" "$1" "$2"; }
lines() { head -n "$2" | cut -c 1-1900 | sed "s/^/$mark $1 /"; }
has() { command -v "$1" >/dev/null; }
if timeout 5 true </dev/null; then limited() { timeout "$@"; }; else limited() { shift; "$@"; }; fi
uid=$(id -u)
absolute() {
  case $1 in
    '') printf '%s' "$HOME/.shoal" ;;
    '~') printf '%s' "$HOME" ;;
    '~/'*) printf '%s' "$HOME/\${1#'~/'}" ;;
    /*) printf '%s' "$1" ;;
    *) printf '%s' "$HOME/$1" ;;
  esac
}
`

export const newMark = (): string => `@shoal-${randomBytes(6).toString('hex')}`

/** The facts of a script's output, each key with its values in order. */
export type Facts = {
  first(key: string): string | undefined
  all(key: string): readonly string[]
}

/** @throws ClusterError `bootstrap.failed` when the script did not come to its end, which it says by the fact `end` */
export function readFacts(output: string, { mark, name, stderr }: { mark: string; name: string; stderr: string }): Facts {
  const found = new Map<string, string[]>()
  for (const line of output.split('\n')) {
    const at = line.indexOf(`${mark} `) // a shell may print something without a line break before it
    if (at < 0) continue
    const [, key = '', value = ''] = /^(\S+) ?(.*)$/.exec(line.slice(at + mark.length + 1).trimEnd()) ?? []
    const values = found.get(key) ?? []
    values.push(value)
    found.set(key, values)
  }
  if (!found.has('end')) {
    const said = (stderr.trim() || output.trim()).slice(-300)
    throw new ClusterError(
      'bootstrap.failed',
      `The script that looks at ${name} did not come to its end${said === '' ? ' and said nothing' : `; the last it said: ${said}`}. Does /bin/sh work there? Try: ssh ${name} /bin/sh -c id`,
      { details: { machine: name } },
    )
  }
  return { first: (key) => found.get(key)?.[0], all: (key) => found.get(key) ?? [] }
}
