import { type CommandEntry, type Run, UsageError } from './command.ts'
import { commandHelp, overallHelp } from './help.ts'
import { nearMissHint } from './near-miss.ts'
import { parseCommand, wordsOf } from './parse-command.ts'
import { reportError } from './report-error.ts'
import { createTerminal } from './terminal.ts'
import { version } from './version.ts'

/** Carries out what was typed, out of these commands; the exit code is left in `process.exitCode`. */
export async function runCommandLine(commands: readonly CommandEntry[]): Promise<void> {
  const words = process.argv.slice(2)
  const { args, program } = splitProgram(commands, words)
  const ownsWords = commands.some((each) => each.name === args[0] && each.ownsWords)
  const terminal = createTerminal(args.includes('--json') || (ownsWords && program.includes('--json')))
  try {
    const run = await prepareCommandLine(commands, words)
    process.exitCode = await run(terminal)
  } catch (error) {
    process.exitCode = reportError(error, terminal)
  }
}

/** What was typed, ready to be carried out; nothing is done yet. @throws UsageError naming the word that is wrong */
export async function prepareCommandLine(commands: readonly CommandEntry[], words: readonly string[]): Promise<Run> {
  const { args, program } = splitProgram(commands, words)
  const [name, ...rest] = args
  if (name === '--version' || name === '-v' || name === 'version') return say(version)
  if (name === undefined || name === '--help' || name === '-h' || (name === 'help' && rest[0] === undefined))
    return say(overallHelp(commands))
  if (name === 'help') return prepareCommandLine(commands, [...wordsToExplain(commands, rest), '--help'])
  const entry = commands.find((each) => each.name === name)
  if (!entry) {
    if (name.startsWith('-'))
      throw new UsageError(`there is no flag ${name}${nearMissHint(name, ['--help', '--version']) || '; see shoal --help'}`)
    const known = commands.map((each) => each.name)
    throw new UsageError(`there is no command ${shownWord(name)}${nearMissHint(name, known) || `; there are ${known.join(', ')}`}`)
  }
  const command = await entry.load()
  if (rest.includes('--help') || rest.includes('-h')) return say(commandHelp(command))
  return command.prepare(parseCommand(command, rest), command.takesWords ? wordsOf(command, rest) : program)
}

/** `shoal help job submit` as `shoal job submit --help`; the words behind another command mean nothing here. */
function wordsToExplain(commands: readonly CommandEntry[], [name = '', ...more]: readonly string[]): readonly string[] {
  return commands.some((each) => each.name === name && each.isNoun) ? [name, ...more.slice(0, 1)] : [name]
}

/** What cannot be told from the words around it stands in quotes. */
const shownWord = (word: string): string => (/^[\w-]+$/.test(word) ? word : JSON.stringify(word.slice(0, 60)))

const say =
  (text: string): Run =>
  (terminal) => {
    terminal.print(text)
    return Promise.resolve(0)
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
