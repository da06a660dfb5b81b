import { type CommandEntry, type Terminal, UsageError } from './command.ts'
import { commandHelp, overallHelp } from './help.ts'
import { nearMissHint } from './near-miss.ts'
import { parseCommand, wordsOf } from './parse-command.ts'
import { reportError } from './report-error.ts'
import { createTerminal } from './terminal.ts'
import { version } from './version.ts'

/** Carries out what was typed, out of these commands; the exit code is left in `process.exitCode`. */
export async function runCommandLine(commands: readonly CommandEntry[]): Promise<void> {
  const typed = splitProgram(commands, process.argv.slice(2))
  const { args, program } = typed
  const ownsWords = commands.some((each) => each.name === args[0] && each.ownsWords)
  const terminal = createTerminal(args.includes('--json') || (ownsWords && program.includes('--json')))
  try {
    process.exitCode = await carryOut(commands, typed, terminal)
  } catch (error) {
    process.exitCode = reportError(error, terminal)
  }
}

type Typed = { readonly args: readonly string[]; readonly program: readonly string[] }

async function carryOut(commands: readonly CommandEntry[], { args, program }: Typed, terminal: Terminal): Promise<number> {
  const [name, ...rest] = args
  const say = (text: string): number => {
    terminal.print(text)
    return 0
  }
  if (name === '--version' || name === '-v' || name === 'version') return say(version)
  if (name === undefined || name === '--help' || name === '-h' || (name === 'help' && rest[0] === undefined))
    return say(overallHelp(commands))
  if (name === 'help') return carryOut(commands, { args: [rest[0] ?? '', '--help'], program }, terminal)
  const entry = commands.find((each) => each.name === name)
  if (!entry) {
    const what = name.startsWith('-') ? 'flag' : 'command'
    const known = commands.map((each) => each.name)
    throw new UsageError(`there is no ${what} ${name}${nearMissHint(name, known) || `; there are ${known.join(', ')}`}`)
  }
  const command = await entry.load()
  if (rest.includes('--help') || rest.includes('-h')) return say(commandHelp(command))
  return command.prepare(parseCommand(command, rest), command.takesWords ? wordsOf(command, rest) : program)(terminal)
}

/** What we read, and what `shoal run FILE …` leaves to the program. */
function splitProgram(
  commands: readonly CommandEntry[],
  words: readonly string[],
): { args: readonly string[]; program: readonly string[] } {
  const takesProgram = commands.some((each) => each.name === words[0] && each.takesProgram)
  const at = takesProgram ? words.findIndex((word, index) => index > 0 && !word.startsWith('-')) : -1
  return at < 0 ? { args: words, program: [] } : { args: words.slice(0, at), program: words.slice(at) }
}
