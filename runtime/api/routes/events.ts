import { AlertList, alertsPath, EventFrame, EventPage, EventsQuery, eventsPath, EventStreamQuery } from '../events.ts'
import type { RouteRow } from './route-row.ts'

const events = { method: 'get', tag: 'events' } as const

export const eventRows: readonly RouteRow[] = [
  {
    ...events,
    path: eventsPath,
    id: 'listEvents',
    summary: 'What happened, newest first; as a WebSocket, what happens.',
    description:
      'The WebSocket takes `since` (the last `to` of the stream before, or `latest`) instead of `before` and `limit`. Batches come every 50 ms as `{type, from, to, events}`; without `since`, or when it is too old, a snapshot comes first. A stream that takes too little is closed with 4008, one that takes nothing with 1013, all with 4001 when the head stops: each can be resumed. The kind `metrics` adds the latest figures of nodes every 2 s.',
    query: EventsQuery.extend({ since: EventStreamQuery.shape.since }),
    answers: { 200: { description: 'One page.', schema: EventPage }, 101: { description: 'Frames of the stream.', schema: EventFrame } },
  },
  {
    ...events,
    path: alertsPath,
    id: 'listAlerts',
    summary: 'What is wrong now.',
    answers: { 200: { description: 'Alerts that stand.', schema: AlertList } },
  },
]
