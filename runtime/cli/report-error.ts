import { ClusterError, toError } from '../base/errors.ts'
import { type Terminal, UsageError } from './command.ts'

/** Says what went wrong, as an object for programs where `--json` stands; returns the exit code. */
export function reportError(thrown: unknown, terminal: Terminal): number {
  const error = toError(thrown)
  const { code, details } = error instanceof ClusterError ? error : { code: 'internal', details: {} }
  if (terminal.isJson) terminal.print(JSON.stringify({ error: { code, message: error.message, details } }))
  else terminal.warn(`shoal: ${error.message}`)
  if (!terminal.isJson && code === 'internal' && process.env['SHOAL_DEBUG']) terminal.warn(error.stack ?? '')
  return error instanceof UsageError ? 2 : 1
}
