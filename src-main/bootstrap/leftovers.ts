import type { Leftover } from '../contract/machines.ts'
import type { HostConnection } from '../ssh/host-connection.ts'
import { judgeLeftovers, type Known } from './leftovers-list.ts'
import { removeScript } from './leftovers-remove.ts'
import { listScript } from './leftovers-script.ts'
import { frameScript, newMark, readFacts } from './probe-frame.ts'

const listWithinMs = 60_000
const removeWithinMs = 10 * 60_000

/**
 * What is ours on that machine, owned by this user, and of none of the sessions and payloads that are `known`. What runs for a session that
 * is not known is listed too, with where it belongs in its detail: ask before it is removed. Changes nothing.
 */
export async function findLeftovers(connection: HostConnection, options: { folder?: string; known: Known }): Promise<Leftover[]> {
  const mark = newMark()
  const text = `${frameScript}\nroot=$(absolute "$1")\n${listScript}\nsay end\n`
  const { stdout, stderr } = await connection.script(text, [mark, options.folder ?? ''], { timeoutMs: listWithinMs })
  return judgeLeftovers(readFacts(stdout, { mark, name: connection.target.name, stderr }), options.known, false)
}

export type Removal = { removed: Leftover[]; kept: { leftover: Leftover; why: string }[] }

/**
 * Removes what `findLeftovers` found, and nothing else: each is looked at again right before, processes by pid and start time, paths by their
 * form, their owner and whether something runs there by now. What stays comes with the reason.
 */
export async function removeLeftovers(connection: HostConnection, leftovers: readonly Leftover[]): Promise<Removal> {
  if (leftovers.length === 0) return { removed: [], kept: [] }
  const mark = newMark()
  const { stdout, stderr } = await connection.script(removeScript(leftovers), [mark], { timeoutMs: removeWithinMs })
  const facts = readFacts(stdout, { mark, name: connection.target.name, stderr })
  const gone = new Set(facts.all('gone').map(Number))
  const reasons = new Map(
    facts.all('kept').map((line) => {
      const [, index, why = ''] = /^(\d+) (.*)$/.exec(line) ?? []
      return [Number(index), why] as const
    }),
  )
  const numbered = leftovers.map((leftover, index) => ({ leftover, index }))
  return {
    removed: numbered.filter(({ index }) => gone.has(index)).map(({ leftover }) => leftover),
    kept: numbered
      .filter(({ index }) => !gone.has(index))
      .map(({ leftover, index }) => ({ leftover, why: reasons.get(index) ?? 'it could not be removed' })),
  }
}
