import type * as z from 'zod'

/**
 * One kind of topic. In `pattern`, `:id` stands for one topic for each id. `key` names the field that says what an event is about: of
 * events with the same value only the latest counts. `isImmediate`: not gathered, as for what a person types. `access`: `change` keeps out
 * who may only look.
 */
export type TopicFamily = {
  readonly pattern: string
  readonly event: z.ZodType
  readonly key?: string
  readonly isImmediate?: boolean
  readonly access?: 'change'
}
export type TopicTable = Readonly<Record<string, TopicFamily>>

type NameOf<Pattern extends string> = Pattern extends `${infer Start}/:${string}` ? `${Start}/${string}` : Pattern

/** Such as `machines`, or `terminal/` and anything. */
export type TopicName<Table extends TopicTable> = NameOf<Table[keyof Table]['pattern']>

/** What may be published on that topic. */
export type TopicEvent<Table extends TopicTable, Name extends string> = {
  [Family in keyof Table]: Name extends NameOf<Table[Family]['pattern']> ? z.input<Table[Family]['event']> : never
}[keyof Table]

const maxNameLength = 200

/** Finds the family of a topic by its name; undefined for a name that no pattern has. */
export function createFamilyFinder(table: TopicTable): (topic: string) => TopicFamily | undefined {
  const plain = new Map<string, TopicFamily>()
  const byStart = new Map<string, TopicFamily>()
  for (const family of Object.values(table)) {
    const [start = '', parameter] = family.pattern.split('/:')
    if (parameter === undefined) plain.set(start, family)
    else byStart.set(start, family)
  }
  return (topic) => {
    if (topic.length > maxNameLength) return undefined
    const at = topic.indexOf('/')
    if (at < 0) return plain.get(topic)
    return /^[^/\s\p{C}]+$/u.test(topic.slice(at + 1)) ? byStart.get(topic.slice(0, at)) : undefined
  }
}
