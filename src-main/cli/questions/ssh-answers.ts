import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type Flags, type FlagValues, UsageError } from '../../../runtime/cli/command.ts'
import { fileProblem } from '../../../runtime/cli/file-problem.ts'

/** What the flags say to questions on the way to a machine. Secrets come from files: a command line is for everybody to see. */
export type SshAnswers = {
  /** False for a command that goes to no machine: questions are then somebody else's. */
  readonly isAsked: boolean
  readonly acceptNewHostKeys: boolean
  readonly password: string | undefined
  readonly passphrase: string | undefined
  /** Of a Ray head. */
  readonly token: string | undefined
  /** Of the vault where kept passwords are. */
  readonly vaultPassphrase: string | undefined
}

/** @throws UsageError for a file that cannot be read, is empty, or can be read by others */
export function sshAnswersFrom(values: FlagValues, flags: Flags): SshAnswers {
  if (!('password-file' in flags)) return nothing
  return {
    isAsked: true,
    acceptNewHostKeys: values.has('accept-new-host-keys'),
    password: secretFrom('--password-file', values.find('password-file')),
    passphrase: secretFrom('--passphrase-file', values.find('passphrase-file')),
    token: rayTokenFrom(values),
    vaultPassphrase: secretFrom('--vault-passphrase-file', values.find('vault-passphrase-file')),
  }
}

/**
 * The token of a Ray head: of `--token-file`, else where Ray's own commands look, RAY_AUTH_TOKEN and the file that RAY_AUTH_TOKEN_PATH names. A
 * file of the environment that cannot be used is none: the command at hand may need no token.
 * @throws UsageError for the file of the flag
 */
export function rayTokenFrom(values: FlagValues, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const given = secretFrom('--token-file', values.find('token-file'))
  if (given !== undefined) return given
  const { RAY_AUTH_TOKEN: token, RAY_AUTH_TOKEN_PATH: path } = env
  if (token) return token.trim()
  if (!path) return undefined
  try {
    return secretFrom('RAY_AUTH_TOKEN_PATH', path)
  } catch {
    return undefined
  }
}

const nothing: SshAnswers = {
  isAsked: false,
  acceptNewHostKeys: false,
  password: undefined,
  passphrase: undefined,
  token: undefined,
  vaultPassphrase: undefined,
}

const longestSecret = 4_096

/** The first line of a file of this user alone. @throws UsageError */
export function secretFrom(flag: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  const [secret = ''] = readPrivateFile(flag, path).split(/\r?\n/, 1)
  if (secret === '') throw new UsageError(`${flag} ${path}: its first line is empty, and should hold the secret`)
  if (secret.length > longestSecret) throw new UsageError(`${flag} ${path}: its first line is longer than ${longestSecret} letters`)
  return secret
}

function readPrivateFile(flag: string, path: string): string {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    throw new UsageError(`${flag} ${path} cannot be read: ${fileProblem(error)}`)
  }
  try {
    const stats = fstatSync(file)
    if (stats.isDirectory()) throw new UsageError(`${flag} ${path} cannot be read: it is a folder`)
    const { mode, uid } = stats
    const isOurs = process.getuid === undefined || uid === process.getuid()
    if (!isOurs || (mode & 0o077) !== 0)
      throw new UsageError(`${flag} ${path} can be read by other users; make it yours alone: chmod 600 ${path}`)
    const buffer = Buffer.alloc(longestSecret * 4 + 2)
    return buffer.toString('utf8', 0, readSync(file, buffer))
  } finally {
    closeSync(file)
  }
}
