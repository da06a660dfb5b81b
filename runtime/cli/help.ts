import type { Command, Flags } from './command.ts'
import { version } from './version.ts'

const widest = 34

/** What `shoal --help` prints. */
export function overallHelp(commands: readonly { name: string; summary: string }[]): string {
  return [
    `shoal ${version}: one cluster out of the machines you have`,
    '',
    'Usage: shoal <command> [flags]',
    '',
    ...commands.map(({ name, summary }) => row(name, summary)),
    '',
    row('shoal <command> --help', 'the flags of a command'),
    row('shoal --version', 'which release this is'),
  ].join('\n')
}

/** What `shoal <command> --help` prints. */
export function commandHelp(command: Command): string {
  const notes = command.notes ? ['', ...command.notes] : []
  return [command.summary, '', ...command.usage.map((line) => `Usage: ${line}`), '', ...flagRows(command.flags), ...notes].join('\n')
}

const flagRows = (flags: Flags): string[] =>
  Object.entries(flags).map(([name, { value, help }]) => row(`--${name}${value ? ` ${value}` : ''}`, help))

const row = (left: string, right: string): string =>
  left.length < widest ? `  ${left.padEnd(widest)}${right}` : `  ${left}\n  ${' '.repeat(widest)}${right}`
