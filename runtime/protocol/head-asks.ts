import type * as z from 'zod'
import { controlAsks } from './control.ts'
import { inspectAsks } from './inspect.ts'
import { jobAsks } from './jobs.ts'
import { logAsks } from './logs.ts'
import { metricsAsks } from './metrics.ts'

/** Requests of the head that an agent answers. Each may be repeated: the link may break before the answer is there. */
export const headAsks = { ...jobAsks, ...logAsks, ...inspectAsks, ...metricsAsks, ...controlAsks } as const
export type HeadAsk = z.infer<(typeof headAsks)[keyof typeof headAsks]>
export type HeadAskOf<Type extends HeadAsk['type']> = Extract<HeadAsk, { type: Type }>
