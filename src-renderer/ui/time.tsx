import { useFormat } from '../i18n/format.ts'
import { useNow } from './use-now.ts'

/** How long ago; the whole of it on hover. */
export function Time({ atMs }: { readonly atMs: number | null | undefined }) {
  const format = useFormat()
  const nowMs = useNow()
  if (atMs === null || atMs === undefined || !(atMs > 0)) return <span className="text-faint">–</span>
  return (
    <time dateTime={new Date(atMs).toISOString()} title={format.time(atMs)} className="whitespace-nowrap tabular-nums">
      {format.relative(Math.min(atMs, nowMs), nowMs)}
    </time>
  )
}

type DurationProps = { readonly fromMs: number | null | undefined; readonly toMs?: number | null | undefined }

/** From one moment to another, or to now, and then it ticks. */
export function Duration({ fromMs, toMs }: DurationProps) {
  if (fromMs === null || fromMs === undefined || !(fromMs > 0)) return <span className="text-faint">–</span>
  return toMs === null || toMs === undefined || toMs === 0 ? <Ticking fromMs={fromMs} /> : <Span ms={toMs - fromMs} />
}

const Ticking = ({ fromMs }: { readonly fromMs: number }) => <Span ms={Math.max(0, useNow() - fromMs)} />

function Span({ ms }: { readonly ms: number }) {
  return <span className="whitespace-nowrap tabular-nums">{useFormat().duration(ms)}</span>
}
