import type { Command, CommandEntry, Flags } from './command.ts'
import { version } from './version.ts'

/** Widest column for what is typed; what is longer has what it means on the next line. */
const widest = 34
/** Into a file or a pager, where nothing says how wide it is. */
const usualWidth = 100
const narrowest = 60

const parts: Readonly<Record<CommandEntry['part'], string>> = {
  panel: 'Clusters, from this computer over SSH:',
  node: 'A head or a node on this machine:',
  api: 'A head that runs on this machine, or at --address URL:',
}

/** What `shoal --help` prints. */
export function overallHelp(commands: readonly CommandEntry[]): string {
  const column = columnOf(commands)
  const given = Object.entries(parts).map(([part, title]) => ({ title, entries: commands.filter((entry) => entry.part === part) }))
  const more = [
    { name: 'shoal <command> --help', summary: 'what a command does, its flags and examples' },
    { name: 'shoal --version', summary: 'which release this is' },
  ]
  return [
    `shoal ${version}: one cluster out of the machines you have`,
    '',
    'Usage: shoal <command> [flags]',
    ...given.flatMap(({ title, entries }) => (entries.length === 0 ? [] : ['', title, ...rows(entries, column)])),
    '',
    ...rows(more),
  ].join('\n')
}

/** What `shoal <command> --help` prints. */
export function commandHelp(command: Command): string {
  const usage = command.usage.flatMap((line, index) =>
    wrapped(line, { first: index === 0 ? 'Usage: ' : ' '.repeat(7), rest: ' '.repeat(11) }),
  )
  const flags = Object.entries(command.flags as Flags).map(([flag, { value, help }]) => ({
    name: `--${flag}${value ? ` ${value}` : ''}`,
    summary: help,
  }))
  const blocks = [
    wrapped(command.summary),
    usage,
    rows(command.subcommands ?? []),
    rows(flags),
    (command.notes ?? []).flatMap((note) => wrapped(note)),
    (command.examples ?? []).flatMap((line, index) =>
      wrapped(line, { first: index === 0 ? 'Example: ' : ' '.repeat(9), rest: ' '.repeat(13) }),
    ),
  ]
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

type Row = { readonly name: string; readonly summary: string }

const columnOf = (all: readonly Row[]): number => Math.min(widest, Math.max(0, ...all.map(({ name }) => name.length)) + 2)

function rows(all: readonly Row[], column = columnOf(all)): string[] {
  const rest = ' '.repeat(column + 2)
  return all.flatMap(({ name, summary }) => {
    if (name.length + 2 <= column) return wrapped(summary, { first: `  ${name.padEnd(column)}`, rest })
    return [`  ${name}`, ...wrapped(summary, { first: rest, rest })]
  })
}

/** At spaces, to the width of the terminal. */
function wrapped(text: string, { first, rest }: { first: string; rest: string } = { first: '', rest: '' }): string[] {
  const width = Math.max(narrowest, process.stdout.columns ?? usualWidth)
  const lines: string[] = []
  let line = first
  let isEmpty = true
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line)
      line = rest
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line]
}
