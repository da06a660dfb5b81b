import { type CSSProperties, type ReactNode, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { type RampStep, rampOf } from './colours.ts'
import { drawCells } from './heat-map-canvas.ts'
import { groupItems, type HeatItem, type HeatMetric } from './heat-map-items.ts'
import { type Box, type Density, densityOf, type GroupSize, type HeatMapLayout, layoutHeatMap, legendHeight } from './heat-map-layout.ts'
import { HeatLegend, itemText, NodeCard, NodeTile, NodeTip } from './heat-map-parts.tsx'
import { messages } from './messages.ts'
import { type Palette, usePalette } from './palette.ts'
import { useActiveItem } from './use-active-item.ts'
import { useWidth } from './use-width.ts'

export type HeatMapProps = {
  readonly label: string
  /** In the order they shall stand in; groups are brought together. */
  readonly items: readonly HeatItem[]
  /** What the colours show. */
  readonly metric: HeatMetric
  readonly selected?: string | undefined
  readonly onOpen: (id: string) => void
  /** The one that is pointed at, or that the keyboard is at. */
  readonly onHover?: ((id: string | null) => void) | undefined
}

const rampSteps = 21

/** All nodes at once: cards for a few, tiles for dozens, cells for hundreds and thousands. */
export function HeatMap({ label, items: given, metric, selected, onOpen, onHover }: HeatMapProps) {
  const t = useText(messages)
  const palette = usePalette()
  const ramp = useMemo(() => rampOf(palette.sunken, palette.accent, rampSteps), [palette])
  const { items, groups } = useMemo(() => groupItems(given), [given])
  const [width, box] = useWidth()
  const { layout, height } = useLayout(groups, width)
  const at = useActiveItem({ items, layout, selected, onOpen, onHover })
  const hintId = useId()
  const tipped = items[at.tip.index]
  const tippedBox = layout.boxes[at.tip.index]
  const drawn: Drawn = { items, layout, metric, ramp, palette, selected, active: at.active, isByKeys: at.isByKeys, idPrefix: hintId }
  return (
    <div className="min-w-0">
      <div ref={box} className="relative" style={{ height }}>
        {items.length === 0 ? (
          <p className="grid h-full place-items-center text-faint">{t('noNodes')}</p>
        ) : (
          <div
            role="listbox"
            aria-label={label}
            aria-describedby={hintId}
            aria-activedescendant={optionId(hintId, at.active)}
            tabIndex={0}
            className="absolute inset-0 outline-none" // the ring is around the item
            {...at.handlers}
          >
            {layout.headings.map((heading) => (
              <div key={heading.label} aria-hidden className="absolute flex items-baseline gap-1.5 text-sm" style={placeOf(heading.box)}>
                <span className="truncate font-medium text-soft">{heading.label}</span>
                <span className="text-xs text-faint tabular-nums">{heading.count}</span>
              </div>
            ))}
            {layout.density === 'cells' ? <Cells {...drawn} width={width} /> : <Items {...drawn} groups={groups} />}
          </div>
        )}
        {tipped && tippedBox && layout.density !== 'cards' && (
          <NodeTip item={tipped} metric={metric} side={besides(tippedBox, { width, height, top: at.tip.top })} />
        )}
      </div>
      <span id={hintId} hidden>
        {t('heatKeys')}
      </span>
      {layout.density !== 'cards' && <HeatLegend metric={metric} ramp={ramp} />}
    </div>
  )
}

const placeOf = ({ x, y, width, height }: Box): CSSProperties => ({ left: x, top: y, width, height })
const optionId = (prefix: string, index: number): string => `${prefix}-${index}`
const tipWidth = 224
const leastHeight = 96

/** Below the item, or above it where the window ends soon. `top` is that of the map in the window. */
function besides(item: Box, map: { readonly width: number; readonly height: number; readonly top: number }): CSSProperties {
  const left = Math.max(0, Math.min(item.x, map.width - tipWidth))
  const isLow = map.top + item.y + item.height > window.innerHeight - 200
  return isLow ? { left, bottom: map.height - item.y + 4 } : { left, top: item.y + item.height + 4 }
}

type MeasuredLayout = { readonly layout: HeatMapLayout; readonly height: number }

function useLayout(groups: readonly GroupSize[], width: number): MeasuredLayout {
  const [before, setBefore] = useState<Density | undefined>(undefined)
  const [reserved, setReserved] = useState({ width: 0, height: 0 })
  const density = densityOf(
    groups.reduce((sum, { count }) => sum + count, 0),
    before,
  )
  if (density !== before) setBefore(density)
  // figures come each second, groups change rarely
  const key = groups.map(({ label, count }) => `${label}:${count}`).join('\n')
  // oxlint-disable-next-line react/exhaustive-deps -- the key stands for the groups
  const layout = useMemo(() => layoutHeatMap(groups, Math.max(width, 1), density), [key, width, density])
  // once it was that high it stays so while one is here: what is below does not move up and down as nodes come and go
  const legend = density === 'cards' ? 0 : legendHeight
  const total = Math.max(layout.height + legend, leastHeight)
  const isMore = reserved.width !== width || total > reserved.height
  if (isMore) setReserved({ width, height: total })
  return { layout, height: (isMore ? total : reserved.height) - legend }
}

type Drawn = {
  readonly items: readonly HeatItem[]
  readonly layout: HeatMapLayout
  readonly metric: HeatMetric
  readonly ramp: readonly RampStep[]
  readonly palette: Palette
  readonly selected: string | undefined
  readonly active: number
  readonly isByKeys: boolean
  readonly idPrefix: string
}

/** Cards or tiles, in their groups. */
function Items({ groups, ...drawn }: Drawn & { readonly groups: readonly GroupSize[] }) {
  const { items } = drawn
  let start = 0
  const parts = groups.map(({ label, count }) => {
    const from = start
    start += count
    const options = items.slice(from, start).map((item, index) => <Item key={item.id} item={item} index={from + index} {...drawn} />)
    return { label, options }
  })
  return parts.map(({ label, options }) =>
    label === undefined ? (
      options
    ) : (
      <div key={label} role="group" aria-label={label}>
        {options}
      </div>
    ),
  )
}

function Item({ item, index, ...drawn }: Drawn & { readonly item: HeatItem; readonly index: number }) {
  const { layout, metric, ramp, selected, active, isByKeys } = drawn
  const box = layout.boxes[index]
  if (box === undefined) return null
  const isSelected = item.id === selected
  const isActive = isByKeys && index === active
  const props = { item, size: box, metric, ramp, isSelected, isActive }
  return (
    <Option {...drawn} item={item} index={index} box={box}>
      {layout.density === 'cards' ? <NodeCard {...props} /> : <NodeTile {...props} />}
    </Option>
  )
}

type OptionProps = Drawn & {
  readonly item: HeatItem
  readonly index: number
  readonly box: Box
  readonly children?: ReactNode
}

function Option({ item, index, box, selected, active, isByKeys, idPrefix, children }: OptionProps) {
  const t = useText(messages)
  const format = useFormat()
  const element = useRef<HTMLDivElement>(null)
  const isActive = isByKeys && index === active
  useEffect(() => {
    if (isActive) element.current?.scrollIntoView({ block: 'nearest' })
  }, [isActive, index])
  return (
    <div
      ref={element}
      role="option"
      id={optionId(idPrefix, index)}
      aria-selected={item.id === selected}
      className="absolute"
      style={placeOf(box)}
    >
      <span className="sr-only">{itemText(item, t, format)}</span>
      <div aria-hidden className="h-full">
        {children}
      </div>
    </div>
  )
}

/** One canvas for all. Of thousands of items only the one that the keyboard is at is in the page. */
function Cells({ width, ...drawn }: Drawn & { readonly width: number }) {
  const { items, layout, metric, ramp, palette, selected, active, isByKeys } = drawn
  const canvas = useRef<HTMLCanvasElement>(null)
  const margin = 2 // of outlines around cells at the edge
  useLayoutEffect(() => {
    const size = { width: width + margin * 2, height: layout.height + margin * 2 }
    const boxes = layout.boxes.map((box) => ({ ...box, x: box.x + margin, y: box.y + margin }))
    if (canvas.current) drawCells(canvas.current, size, { items, boxes, metric, ramp, palette, selected, active: isByKeys ? active : -1 })
  }, [items, layout, metric, ramp, palette, selected, active, isByKeys, width])
  const item = items[active]
  const box = layout.boxes[active]
  return (
    <>
      <canvas
        ref={canvas}
        aria-hidden
        className="absolute"
        style={{ left: -margin, top: -margin, width: width + margin * 2, height: layout.height + margin * 2 }}
      />
      {item && box && <Option {...drawn} item={item} index={active} box={box} />}
    </>
  )
}
