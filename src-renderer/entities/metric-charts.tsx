import { useMemo } from 'react'
import { useText } from '../i18n/messages.ts'
import { firstOf } from '../navigation/query.ts'
import { useQueryState } from '../navigation/use-navigation.ts'
import { Card } from '../ui/card.tsx'
import { LineChart, type LineChartProps } from '../ui/charts/line-chart.tsx'
import { classNames } from '../ui/class-names.ts'
import { ErrorNote } from '../ui/error-note.tsx'
import { Segmented } from '../ui/field.tsx'
import { messages } from './messages.ts'
import { gapOf, isSpan, linesOf, type ShownHistory, type SpanName, spanNames, spans, useMetricHistory } from './metric-history.ts'

type Chart = Pick<LineChartProps, 'title' | 'unit'> & {
  /** Each with the word for its lines, which may be empty: see `labelOf`. */
  readonly figures: Readonly<Record<string, string>>
  /** Left out where nothing has such figures. */
  readonly isOptional?: boolean
}

type MetricChartsProps = {
  readonly cluster: string
  readonly charts: readonly Chart[]
  /** Until the address says another. */
  readonly firstSpan: SpanName
  /** Only what it told. @default all nodes that live */
  readonly nodeId?: string
  /** The name of a node, which its lines have before the word of the figure. @default none, for charts of one node */
  readonly labelOf?: (nodeId: string) => string
  readonly isLarge?: boolean
}

const noName = () => ''

/** What nodes measured in the last while, which one chooses here; the cursors of all charts go together. */
export function MetricCharts({ cluster, charts, firstSpan, nodeId, labelOf = noName, isLarge = false }: MetricChartsProps) {
  const t = useText(messages)
  const [query, change] = useQueryState()
  const asked = firstOf(query['span'])
  const span = isSpan(asked) ? asked : firstSpan
  const names = charts.flatMap(({ figures }) => Object.keys(figures))
  const shown = useMetricHistory(cluster, { names, spanMs: spans[span], ...(nodeId !== undefined && { nodes: [nodeId] }) })
  return (
    <Card
      actions={
        <Segmented
          label={t('span')}
          value={span}
          onChange={(next) => change({ span: next })}
          options={spanNames.map((value) => ({ value, label: t(value) }))}
        />
      }
    >
      {shown.history === undefined && shown.error !== null && <ErrorNote error={shown.error} />}
      <div
        className={classNames('grid gap-4 lg:grid-cols-2', !isLarge && (charts.length % 3 === 0 ? '2xl:grid-cols-3' : '2xl:grid-cols-4'))}
      >
        {charts.map((chart) => (
          <MetricChart key={chart.title} chart={chart} shown={shown} labelOf={labelOf} height={isLarge ? 180 : undefined} />
        ))}
      </div>
    </Card>
  )
}

type MetricChartProps = {
  readonly chart: Chart
  readonly shown: ShownHistory
  readonly labelOf: (nodeId: string) => string
  readonly height: number | undefined
}

function MetricChart({ chart: { title, unit, figures, isOptional }, shown, labelOf, height }: MetricChartProps) {
  const { history, fromMs, toMs } = shown
  const series = useMemo(() => linesOf(history, figures, labelOf), [history, figures, labelOf])
  if (isOptional && series.length === 0) return null
  const time = { fromMs, toMs, stepMs: gapOf(history), syncKey: 'metrics', isLive: true }
  return <LineChart title={title} unit={unit} series={series} height={height} {...time} />
}
