import * as z from 'zod'

/**
 * `z.object` of a shape that is built when the first value is parsed. Building every message's schema at start took a process 20 ms and
 * 4 MB, and most processes never see most messages. Each use of it inside another schema costs some 0.1 µs a value: what comes by the
 * thousand inside one message is a plain `z.object`.
 */
export const lazyObject = <Shape extends z.core.$ZodLooseShape>(shape: () => Shape): z.ZodLazy<z.ZodObject<Shape>> =>
  z.lazy(() => z.object(shape()))
