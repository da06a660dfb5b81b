const programs = [
  'apt-get',
  'chmod',
  'chronyc',
  'df',
  'dnf',
  'docker',
  'du',
  'ldd',
  'loginctl',
  'ls',
  'mkdir',
  'mount',
  'npm',
  'nvidia-smi',
  'ps',
  'ray',
  'shoal',
  'ssh',
  'ssh-copy-id',
  'ssh-keygen',
  'timedatectl',
]
const program = programs.join('|')
const inQuotes = new RegExp(`"((?:${program}) [^"]+)"`)
/** Behind a colon or an opening bracket, up to what cannot be part of it any more. */
const inText = new RegExp(`[:(] ?(?:try )?((?:${program}) .+?)(?=\\. [A-Z]|\\.$|, (?:or|and) |\\)| \\(|$)`)

/**
 * The first command that the remedy of a finding names, to be taken along; null where it names none, or one that is not whole. `HOST` and
 * `USER` in it stand for the machine's own.
 */
export function fixCommandOf(remedy: string, { user, host }: { readonly user: string; readonly host: string }): string | null {
  const found = (inQuotes.exec(remedy) ?? inText.exec(remedy))?.[1]
  if (found === undefined || found.startsWith('shoal cluster create ')) return null
  return found.replaceAll('USER', user).replaceAll('HOST', host).trim()
}
