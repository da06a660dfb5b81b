import { type Tone, textTones } from '../badge.tsx'
import { classNames } from '../class-names.ts'
import type { Points } from './chart-data.ts'
import { sparklinePath } from './sparkline-path.ts'

type SparklineProps = {
  /** In order of their time; null is a gap. */
  readonly points: Points
  /** @default that of the accent */
  readonly tone?: Tone
  /** What it shows, with the figure that matters. */
  readonly label: string
  /** In pixels. @default 72 */
  readonly width?: number
  /** In pixels. @default 20 */
  readonly height?: number
  /** What is full. @default the greatest of the points */
  readonly yMax?: number | undefined
}

/** A small line for cells of tables; a figure stands beside it. Its place is the same with no points. */
export function Sparkline({ points, tone, label, width = 72, height = 20, yMax }: SparklineProps) {
  const path = sparklinePath(points, { width, height, yMax })
  return (
    <svg
      role="img"
      aria-label={label}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      className={classNames('shrink-0', tone ? textTones[tone] : 'text-accent')}
    >
      <line x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} className="stroke-line" />
      <path d={path} fill="none" stroke="currentColor" strokeWidth={1.25} strokeLinejoin="round" strokeLinecap="round" />
    </svg>
  )
}
