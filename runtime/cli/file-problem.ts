import { toError } from '../base/errors.ts'

const problems: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EISDIR: 'it is a folder',
  ENOTDIR: 'what stands before its last / is no folder',
  EACCES: 'this user has no right to',
  EROFS: 'its file system is read-only',
  ENOSPC: 'the disk is full',
}

/** Why a file that somebody named could not be read or written, in words. */
export function fileProblem(thrown: unknown): string {
  const error: NodeJS.ErrnoException = toError(thrown)
  return problems[error.code ?? ''] ?? error.message
}
