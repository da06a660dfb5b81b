import { readdirSync, readFileSync, realpathSync, statSync, type Stats } from 'node:fs'
import { join, sep } from 'node:path'
import ignore from 'ignore'
import { ClusterError } from '../base/errors.ts'

/** Left out unless the variable says otherwise (Ray: RAY_OVERRIDE_RUNTIME_ENV_DEFAULT_EXCLUDES). */
const defaultExcludes = '.git,.venv,venv,__pycache__'
const deepest = 64
/** A folder with more is surely not what was meant. */
const maxEntries = 200_000

export type VisitedPath = {
  /** On this machine. */
  readonly path: string
  /** From the folder, with this system's separator; `.` for the folder itself. */
  readonly relativePath: string
  readonly kind: 'file' | 'folder' | 'other'
  readonly isEmpty: boolean
  readonly stats: Stats
}

type Rule = { readonly below: string; readonly ignores: (path: string) => boolean }
type Walk = {
  readonly root: string
  readonly rules: Rule[]
  readonly above: string[]
  readonly counter: { entries: number }
  readonly onIgnored: (relativePath: string) => void
}

/**
 * All that goes into a package of `folder`, parents before what is in them. Left out is what `excludes`, and each `.gitignore` and
 * `.rayignore` on the way, name in git's syntax; of two in one folder the `.rayignore` has the last word, so that its `!node_modules` takes
 * along what is not kept in git. Links are followed. (Ray: runtime_env/packaging.py)
 * `onIgnored` is told of what is left out; what is inside of it is not looked at.
 * @throws ClusterError `bad-argument` for a folder that links lead back into, or that is too large to be meant.
 */
export function* visitFolder(
  folder: string,
  excludes: readonly string[],
  onIgnored: (relativePath: string) => void = () => {},
): Generator<VisitedPath, void> {
  const usual = (process.env['RAY_OVERRIDE_RUNTIME_ENV_DEFAULT_EXCLUDES'] ?? defaultExcludes).split(',').filter((name) => name !== '')
  const rules: Rule[] = [{ below: '', ignores: matcher([...usual, ...excludes]) }]
  yield* visit('', { root: folder, rules, above: [], counter: { entries: 0 }, onIgnored })
}

function* visit(relative: string, walk: Walk): Generator<VisitedPath, void> {
  const { root, rules, above, counter, onIgnored } = walk
  const path = join(root, relative)
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return // a link to nothing is left out
  if (relative !== '' && isIgnored(rules, relative)) return onIgnored(relative)
  counter.entries += 1
  if (counter.entries > maxEntries)
    throw new ClusterError(
      'bad-argument',
      `${root} holds more than ${maxEntries} files and folders; leave some out with excludes, .gitignore or .rayignore`,
    )
  const relativePath = relative === '' ? '.' : relative
  if (!stats.isDirectory()) {
    yield { path, relativePath, kind: stats.isFile() ? 'file' : 'other', isEmpty: false, stats }
    return
  }
  const real = realpathSync(path)
  if (above.includes(real) || above.length >= deepest)
    throw new ClusterError(
      'bad-argument',
      `${path} leads back into a folder above it, or lies more than ${deepest} deep; leave it out with excludes`,
    )
  const names = readdirSync(path).sort()
  yield { path, relativePath, kind: 'folder', isEmpty: names.length === 0, stats }
  const own = ignoreFiles(path, relative)
  rules.push(...own)
  above.push(real)
  for (const name of names) yield* visit(relative === '' ? name : join(relative, name), walk)
  above.pop()
  rules.length -= own.length
}

const isIgnored = (rules: readonly Rule[], relative: string): boolean =>
  rules.some(({ below, ignores }) => ignores(below === '' ? relative : relative.slice(below.length + 1)))

function ignoreFiles(path: string, relative: string): Rule[] {
  const names = process.env['RAY_RUNTIME_ENV_IGNORE_GITIGNORE'] === '1' ? ['.rayignore'] : ['.gitignore', '.rayignore']
  const patterns = names.flatMap((name) => {
    const file = join(path, name)
    return statSync(file, { throwIfNoEntry: false })?.isFile() ? readFileSync(file, 'utf8').split(/\r?\n/) : []
  })
  return patterns.length > 0 ? [{ below: relative, ignores: matcher(patterns) }] : []
}

function matcher(patterns: readonly string[]): (path: string) => boolean {
  const rules = ignore({ allowRelativePaths: true }).add([...patterns])
  return (path) => rules.ignores(sep === '/' ? path : path.replaceAll(sep, '/'))
}
