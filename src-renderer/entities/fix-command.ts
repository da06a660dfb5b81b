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
/** `user`: USER where nobody knows it. */
export type CommandPlace = { readonly user: string; readonly host: string; readonly port?: number | undefined }

/** Behind a colon or an opening bracket, up to what cannot be part of it any more. */
const inText = new RegExp(`[:(] ?(?:try )?((?:${program}) .+?)(?=\\. [A-Z]|\\.$|, (?:or|and) |\\)| \\(|$)`)

/**
 * The first command that the remedy of a finding names, to be taken along; null where it names none, or one that is not whole. `HOST` and
 * `USER` in it stand for the machine's own.
 */
export function fixCommandOf(remedy: string, place: CommandPlace): string | null {
  const found = (inQuotes.exec(remedy) ?? inText.exec(remedy))?.[1]
  if (found === undefined || found.startsWith('shoal cluster create ')) return null
  return atPlace(found, place).trim()
}

function atPlace(command: string, { user, host, port = 22 }: CommandPlace): string {
  if (command.startsWith('ssh-keygen ')) return command.replaceAll('HOST', port === 22 ? host : `'[${host}]:${port}'`)
  const named = command.replaceAll('USER@HOST', `${user}@${host}`).replaceAll('HOST', user === 'USER' ? host : `${user}@${host}`)
  return port === 22 ? named : named.replace(/^(ssh(?:-copy-id)?) /, `$1 -p ${port} `)
}
