import { recordIn, type Row, textIn, textsIn } from '../../api/rows.ts'

/**
 * Why an actor died, in the words of its head; empty while it lives. A Shoal head says it in one sentence, a Ray head in one of several
 * contexts (ActorDeathCause).
 */
export function deathText(row: Row): string {
  const cause = recordIn(row, 'death_cause')
  const texts = Object.keys(cause).map((context) => textIn(recordIn(cause, context), 'error_message'))
  return textIn(cause, 'message') ?? texts.find((text) => text !== null) ?? ''
}

/** The same, and the last lines that its process wrote. */
export const wholeDeathText = (row: Row): string =>
  [deathText(row), ...textsIn(recordIn(recordIn(row, 'death_cause'), 'exit'), 'lastLines')].join('\n').trim()
