import { UsageError } from '../../../runtime/cli/command.ts'
import type { Context } from '../context.ts'
import { createPerson } from '../questions/person.ts'

type Asked = {
  /** What is going to happen, to whom. */
  readonly effect: string
  /** What must be typed; a name for what cannot be undone. @default yes */
  readonly word?: string
  /** Where nobody can be asked it is done all the same: it takes nothing away. */
  readonly isOptional?: boolean
}

/** False when the person said no. @throws UsageError where nobody can be asked and `--yes` is missing */
export async function confirm(
  { values, interrupts, live }: Context,
  { effect, word = 'yes', isOptional = false }: Asked,
): Promise<boolean> {
  if (values.has('yes')) return true
  const person = createPerson({ live, onInterrupt: () => interrupts.interrupt() })
  if (!person.isThere && isOptional) return true
  if (!person.isThere) throw new UsageError(`${effect} Nobody can be asked here: add --yes if that is what you want.`)
  person.tell(effect)
  const typed = await person.ask(`Type ${word} to go on, anything else to leave it: `, { signal: interrupts.signal })
  return typed?.trim().toLowerCase() === word.toLowerCase()
}

export const yesFlag = { yes: { help: 'do not ask' } } as const
