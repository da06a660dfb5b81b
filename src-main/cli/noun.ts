import type { Command, FlagValues, Run, Terminal } from '../../runtime/cli/command.ts'
import { reportError } from '../../runtime/cli/report-error.ts'
import { commandOf, type Subcommand } from '../../runtime/cli/subcommands.ts'
import type { Context } from './context.ts'
import { exitCodes } from './exit-codes.ts'
import { createInterrupts } from './interrupts.ts'
import { type SshAnswers, sshAnswersFrom } from './questions/ssh-answers.ts'

/** What was typed behind `shoal <noun> <name>`. */
export type Typed = {
  readonly values: FlagValues
  /** What is no flag, before any `--`. */
  readonly words: readonly string[]
  /** What stands behind `--`; undefined where there is none. */
  readonly behind: readonly string[] | undefined
}

/** One of the commands behind `machine` or `cluster`. */
export type PanelSubcommand = Pick<Subcommand, 'name' | 'summary' | 'usage' | 'flags' | 'notes' | 'examples'> & {
  /** Checks what was typed, before anything is opened; resolves with the exit code. @throws UsageError */
  readonly prepare: (typed: Typed) => (context: Context) => Promise<number>
}

/** `shoal <noun> …`: as `commandOf`, with what stands behind `--` apart, and a panel for the command to work with. */
export function nounOf(noun: { name: string; summary: string; subcommands: readonly PanelSubcommand[] }): Command {
  const withBehind = (behind: readonly string[] | undefined): Command =>
    commandOf({ ...noun, subcommands: noun.subcommands.map((command) => plainSubcommand(command, behind)) })
  return {
    ...withBehind(undefined),
    prepare(values, program) {
      const dashes = program.indexOf('--')
      if (dashes < 0) return withBehind(undefined).prepare(values, program)
      return withBehind(program.slice(dashes + 1)).prepare(values, program.slice(0, dashes))
    },
  }
}

const plainSubcommand = (command: PanelSubcommand, behind: readonly string[] | undefined): Subcommand => ({
  ...command,
  prepare(values, words) {
    const run = command.prepare({ values, words, behind })
    const answers = sshAnswersFrom(values, command.flags)
    return runWithPanel(run, { values, answers })
  },
})

/** Opens the panel, answers what it asks on the way to machines, runs, and closes it whatever happens. */
export function runWithPanel(
  run: (context: Context) => Promise<number>,
  { values, answers }: { values: FlagValues; answers: SshAnswers },
): Run {
  return async (plain) => {
    const terminal: Terminal = { ...plain, isJson: values.has('json') } // a --json behind -- is the user's
    const interrupts = createInterrupts(plain)
    try {
      const { useSession } = await import('./use-session.ts')
      return await useSession({ terminal, values, answers, interrupts }, run)
    } catch (thrown) {
      if (interrupts.signal.aborted) return exitCodes.interrupted
      return reportError(thrown, terminal)
    }
  }
}
