import { UsageError } from '../command.ts'

/** The one job that a subcommand is about. @throws UsageError */
export function onlyId(name: string, words: readonly string[]): string {
  const [id, more] = words
  if (id === undefined) throw new UsageError(`job ${name} needs the id of a job: shoal job ${name} SUBMISSION_ID`)
  if (more !== undefined) throw new UsageError(`job ${name} takes one id, got ${JSON.stringify(more)} too`)
  return id
}
