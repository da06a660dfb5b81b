import { ClusterError } from '../../runtime/base/errors.ts'
import { shownText } from '../../runtime/base/shown-text.ts'
import type { SshLink } from './ssh-link.ts'

type Cause = keyof typeof causes
type Failure = { readonly cause?: Cause; readonly said?: string; readonly code?: number | null; readonly space?: string }

const causes = {
  'disk-full': ['its disk is full', 'Free some space there, or choose another folder'],
  quota: ['the disk quota of this user is used up', 'Free some space there, or choose another folder'],
  'read-only': ['that file system is read-only', 'Choose another folder'],
  'no-permission': ['this user may not write there', 'Choose a folder of this user, or give the right to write'],
  'file-too-large': ['a file may not be that large there', 'Raise `ulimit -f` of that user'],
  'disk-error': ['its disk reports an error', 'Look at the system log of that machine'],
  'bad-path': ['there is no such folder, or a file is in its place', 'Choose another folder'],
  'is-folder': ['a folder has that name', 'Choose another name, or take the folder away'],
  'no-sha256': ['it has no program that computes sha256', 'Install coreutils or openssl there'],
  differs: ['the bytes that arrived are not those that were sent, twice', 'Check the disk there, and that the file here does not change'],
  stalled: ['nothing moved for too long', 'Check the network; trying again goes on from there'],
  local: ['the file here cannot be read', 'Check the file and its disk'],
  other: ['the command there failed', 'Look at what it said'],
} as const

const signs: readonly (readonly [RegExp, Cause])[] = [
  [/no space left/i, 'disk-full'],
  [/quota/i, 'quota'],
  [/read-only file system/i, 'read-only'],
  [/permission denied|not permitted/i, 'no-permission'],
  [/file too large|size limit/i, 'file-too-large'],
  [/input\/output error|stale file handle/i, 'disk-error'],
  [/no such file|not a directory|file (?:already )?exists|name too long|nonexistent/i, 'bad-path'],
]

/** Why a file did not get to a host, in words; `details.cause` is for programs. */
export function uploadFailed(upload: { link: Pick<SshLink, 'target'>; remotePath: string }, failure: Failure): ClusterError {
  const { target } = upload.link
  const said = lastLine(failure.said ?? '')
  const cause = failure.cause ?? signs.find(([sign]) => sign.test(failure.said ?? ''))?.[1] ?? 'other'
  const [what, remedy] = causes[cause]
  const more = [
    ...(failure.space ? [failure.space] : []),
    ...(said ? [said] : failure.code === undefined ? [] : [`exit code ${failure.code}`]),
  ]
  const inBrackets = more.length > 0 ? ` (${more.join('; ')})` : ''
  return new ClusterError(
    'ssh.upload-failed',
    `upload to ${target.name}:${upload.remotePath} failed: ${what}${inBrackets}. ${remedy}, and try again.`,
    {
      details: { host: target.host, port: target.port, path: upload.remotePath, cause },
    },
  )
}

const lastLine = (text: string): string => shownText(text.trim().split('\n').at(-1) ?? '').slice(0, 300)
