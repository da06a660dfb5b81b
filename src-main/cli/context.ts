import type { FlagValues, Terminal } from '../../runtime/cli/command.ts'
import type { PanelSession } from './panel-session.ts'
import type { Interrupts } from './interrupts.ts'
import type { LiveLines } from './words/live-lines.ts'

/** What a command of the panel works with. */
export type Context = {
  readonly panel: PanelSession
  readonly terminal: Terminal
  readonly values: FlagValues
  /** Of this process, for who wants to know when somebody interrupts it. */
  readonly interrupts: Interrupts
  /** The lines at the bottom of the terminal that are drawn anew; they step aside while a question is asked. */
  readonly live: LiveLines
}
