/** One move of an entity: when, what, and with which node or other id. */
export type StoryEntry = { readonly atMs: number; readonly move: string; readonly id: string }
export type Story = StoryEntry[]

const keptMoves = 20

/** Adds a move; the oldest one beyond twenty is forgotten. */
export function tell(story: Story, entry: StoryEntry): void {
  story.push(entry)
  if (story.length > keptMoves) story.shift()
}

export const describeStory = (story: Story): string => story.map(({ atMs, move, id }) => `${atMs} ${move}${id && ` ${id}`}`).join('; ')
