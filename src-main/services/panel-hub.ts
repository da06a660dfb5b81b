import type { topics } from '../contract/topics.ts'
import type { TopicHub } from '../topics/topic-hub.ts'

/** Where services say what happened. */
export type PanelHub = TopicHub<typeof topics>
