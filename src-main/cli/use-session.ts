import type { FlagValues, Terminal } from '../../runtime/cli/command.ts'
import type { Context } from './context.ts'
import type { Interrupts } from './interrupts.ts'
import { openPanel } from './open-panel.ts'
import { answerQuestions } from './questions/answer-questions.ts'
import { openVault } from './questions/open-vault.ts'
import { createPerson } from './questions/person.ts'
import type { SshAnswers } from './questions/ssh-answers.ts'
import { createLiveLines } from './words/live-lines.ts'

type Given = { readonly terminal: Terminal; readonly values: FlagValues; readonly answers: SshAnswers; readonly interrupts: Interrupts }

/** Runs a command with a panel of its own, or with the one that runs already. */
export async function useSession(given: Given, run: (context: Context) => Promise<number>): Promise<number> {
  const { terminal, interrupts, answers } = given
  const panel = await openPanel()
  for (const warning of panel.warnings) terminal.warn(`shoal: ${warning}`)
  const live = createLiveLines(process.stderr)
  const person = createPerson({ live, onInterrupt: () => interrupts.interrupt() })
  const questions = answerQuestions({ panel, terminal, answers, person })
  try {
    if (answers.isAsked) await openVault({ panel, person, answers, signal: interrupts.signal })
    return await run({ panel, terminal, values: given.values, interrupts, live })
  } finally {
    live.clear()
    questions.close()
    await panel.close()
  }
}
