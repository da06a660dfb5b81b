import { ClusterError } from '../../runtime/base/errors.ts'
import type { ExecOptions, ExecResult } from './host-connection.ts'
import { runCommand } from './run-command.ts'
import { quoteForSh } from './shell-quote.ts'
import type { SshLink } from './ssh-link.ts'

/**
 * Runs a script with /bin/sh. Script and arguments go over standard input, and the script begins only once all of it is there,
 * so a link that breaks half way runs nothing, and no command in it reads the rest of it. Its own standard input is empty.
 *
 * What login files of the user print comes before its output: who reads the output marks it, or looks for whole lines.
 */
export function runScript(
  link: SshLink,
  script: { readonly text: string; readonly args: readonly string[] },
  options: Omit<ExecOptions, 'stdin'>,
): Promise<ExecResult> {
  return runCommand(link, 'exec /bin/sh -s', { ...options, stdin: scriptInput(script.text, script.args) })
}

export function scriptInput(text: string, args: readonly string[]): string {
  if (text.includes('\0') || args.some((arg) => arg.includes('\0'))) {
    throw new ClusterError('bad-argument', 'a script or an argument of it holds a NUL byte, which no shell can be given')
  }
  return `{\nset --${args.map((arg) => ` ${quoteForSh(arg)}`).join('')}\n${text}\n} </dev/null\n`
}
