import { ClusterError, toError } from '../base/errors.ts'
import { UsageError } from './command.ts'
import { commands } from './commands.ts'
import { commandHelp, overallHelp } from './help.ts'
import { nearMissHint } from './near-miss.ts'
import { parseCommand, wordsOf } from './parse-command.ts'
import { createTerminal } from './terminal.ts'
import { version } from './version.ts'

const { args, program } = splitProgram(process.argv.slice(2))
const ownsWords = commands.some((each) => each.name === args[0] && each.ownsWords)
const terminal = createTerminal(args.includes('--json') || (ownsWords && program.includes('--json')))
try {
  process.exitCode = await main(args)
} catch (error) {
  report(toError(error))
  process.exitCode = error instanceof UsageError ? 2 : 1
}

async function main([name, ...rest]: readonly string[]): Promise<number> {
  if (name === '--version' || name === '-v' || name === 'version') return say(version)
  if (name === undefined || name === '--help' || name === '-h' || (name === 'help' && rest[0] === undefined))
    return say(overallHelp(commands))
  if (name === 'help') return main([rest[0] ?? '', '--help'])
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
function splitProgram(words: readonly string[]): { args: readonly string[]; program: readonly string[] } {
  const takesProgram = commands.some((each) => each.name === words[0] && each.takesProgram)
  const at = takesProgram ? words.findIndex((word, index) => index > 0 && !word.startsWith('-')) : -1
  return at < 0 ? { args: words, program: [] } : { args: words.slice(0, at), program: words.slice(at) }
}

function say(text: string): number {
  terminal.print(text)
  return 0
}

function report(error: Error): void {
  const { code, details } = error instanceof ClusterError ? error : { code: 'internal', details: {} }
  if (terminal.isJson) return terminal.print(JSON.stringify({ error: { code, message: error.message, details } }))
  terminal.warn(`shoal: ${error.message}`)
  if (code === 'internal' && process.env['SHOAL_DEBUG']) terminal.warn(error.stack ?? '')
}
