import * as z from 'zod'
import { PendingDemand, Why, WhyQuery, whyPath } from '../why.ts'
import type { RouteRow } from './route-row.ts'

export const whyRows: readonly RouteRow[] = [
  {
    method: 'get',
    path: whyPath,
    id: 'getWhy',
    tag: 'control',
    summary: 'Why something waits: for each node what is missing, the nearest first.',
    description: 'With one of task, actor, group and job; with none of them all that waits, by what it asks for.',
    query: WhyQuery,
    answers: { 200: { description: 'The reason.', schema: z.union([Why, PendingDemand]) }, 404: { description: 'No such thing.' } },
  },
]
