import { readdirSync, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import SshConfigText from 'ssh-config'
import { ClusterError, toError } from '../../runtime/base/errors.ts'

const maxDepth = 16
const maxFileBytes = 4 * 1024 * 1024
const maxHosts = 4_096

/**
 * The aliases of a config file that stand for one host each: no wildcards, in order, files of `Include` too. At most 4,096.
 * A file that is missing has none.
 * @throws ClusterError `bad-argument` for one that cannot be read
 */
export function listSshConfigHosts(file: string = join(homedir(), '.ssh', 'config')): string[] {
  const hosts = new Set<string>()
  for (const line of readExpanded(file).split('\n')) {
    const words = /^\s*host(?:\s*=\s*|\s+)(.*)$/i.exec(line)?.[1]
    if (words === undefined) continue
    for (const [, quoted, bare] of words.matchAll(/"([^"]*)"|(\S+)/g)) {
      const alias = quoted ?? bare ?? ''
      if (bare?.startsWith('#')) break
      if (alias !== '' && !/[*?!]/.test(alias) && hosts.size < maxHosts) hosts.add(alias)
    }
  }
  return [...hosts]
}

/** What a config file says of a host, names in small letters, without the help of ssh: where there is none. */
export function computeSshConfig(file: string, host: { alias: string; user: string | undefined }): Map<string, string[]> {
  let computed: Record<string, string | string[]>
  try {
    const query = host.user === undefined ? { Host: host.alias } : { Host: host.alias, User: host.user }
    computed = SshConfigText.parse(readExpanded(file)).compute(query, { ignoreCase: true, matchExec: false })
  } catch (error) {
    if (error instanceof ClusterError) throw error
    throw new ClusterError('bad-argument', `${file} cannot be read as an SSH config: ${toError(error).message}. Correct that line.`, {
      cause: error,
    })
  }
  return new Map(Object.entries(computed).map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value : [value]]))
}

/** The text of a file with those that it includes in their places. */
function readExpanded(file: string, depth = 0): string {
  if (depth > maxDepth)
    throw new ClusterError('bad-argument', `${file} is included more than ${maxDepth} files deep. Take the circle of Include lines out.`)
  const lines: string[] = []
  let section = ''
  for (const line of readConfig(file).split(/\r?\n/)) {
    if (/^\s*(host|match)[\s=]/i.test(line)) section = line
    const included = /^\s*include(?:\s*=\s*|\s+)(.*)$/i.exec(line)?.[1]
    if (included === undefined) {
      lines.push(line)
      continue
    }
    for (const [, quoted, bare] of included.matchAll(/"([^"]*)"|(\S+)/g)) {
      for (const path of pathsOf(quoted ?? bare ?? '')) lines.push(readExpanded(path, depth + 1))
    }
    lines.push(section === '' ? 'Host *' : section) // what follows belongs to the section around the Include, not to one inside it
  }
  return lines.join('\n')
}

function readConfig(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat?.isFile()) return ''
  if (stat.size > maxFileBytes) throw new ClusterError('bad-argument', `${file} has ${stat.size} bytes, too many for an SSH config`)
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new ClusterError('bad-argument', `cannot read ${file}: ${toError(error).message}. Make it readable for this user.`, {
      cause: error,
    })
  }
}

/** Files that a pattern of Include stands for, in order. Relative ones lie in ~/.ssh. */
function pathsOf(pattern: string): string[] {
  const whole = pattern.replace(/^~(?=\/|$)/, homedir())
  const absolute = isAbsolute(whole) ? whole : join(homedir(), '.ssh', whole)
  if (!/[*?[]/.test(absolute)) return [absolute]
  const name = absolute.slice(dirname(absolute).length + 1)
  return pathsOf(dirname(absolute)).flatMap((folder) => entriesOf(folder, name))
}

function entriesOf(folder: string, pattern: string): string[] {
  const source = pattern
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  const matches = new RegExp(`^${source}$`)
  try {
    return readdirSync(folder)
      .filter((name) => matches.test(name) && (pattern.startsWith('.') || !name.startsWith('.')))
      .toSorted()
      .map((name) => join(folder, name))
  } catch {
    return [] // ssh passes over what is not there
  }
}
