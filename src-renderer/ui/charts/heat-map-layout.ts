export type Density = 'cards' | 'tiles' | 'cells'
export type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number }
export type Heading = { readonly label: string; readonly count: number; readonly box: Box }

export type HeatMapLayout = {
  readonly density: Density
  /** In the order of the groups, and of their items. */
  readonly boxes: readonly Box[]
  readonly headings: readonly Heading[]
  readonly height: number
}

/** A part of a heat-map; that without a label has no heading. */
export type GroupSize = { readonly label: string | undefined; readonly count: number }

const mostCards = 12
const mostTiles = 120

/** How much of each item can be shown. It goes back to more detail only when there are clearly fewer: nodes come and go. */
export function densityOf(count: number, before?: Density): Density {
  const limits = { cards: before === 'tiles' || before === 'cells' ? 0.85 : 1, tiles: before === 'cells' ? 0.85 : 1 }
  if (count <= mostCards * limits.cards) return 'cards'
  return count <= mostTiles * limits.tiles ? 'tiles' : 'cells'
}

/** Whether colours show one figure of each, and which one is a choice: cards show all of them. */
export const hasOneFigure = (count: number): boolean => densityOf(count, 'cells') !== 'cards'

type Size = { readonly width: number; readonly height: number; readonly gap: number }

const card: Size = { width: 224, height: 112, gap: 8 }
const fromTo = (most: number, least: number, step: number): number[] =>
  Array.from({ length: Math.floor((most - least) / step) + 1 }, (_, index) => most - index * step)
/** The largest first. */
const sizes: Readonly<Record<Density, readonly Size[]>> = {
  cards: [card],
  tiles: fromTo(168, 72, 6).map((width) => ({ width, height: Math.max(32, Math.round(width * 0.4)), gap: 4 })),
  cells: fromTo(36, 10, 1).map((width) => ({ width, height: width, gap: width > 20 ? 3 : 2 })),
}
const headingHeight = 20
/** Below tiles and cells, which need one. */
export const legendHeight = 28
const headingWidth = 88
const groupGap = { x: 16, y: 10 }

/**
 * Where everything stands. Whatever the count, past a dozen it fills about the place that a dozen of cards takes: what is
 * below does not jump when the density changes.
 */
export function layoutHeatMap(groups: readonly GroupSize[], width: number, density: Density): HeatMapLayout {
  const reserved = arrange([{ label: undefined, count: mostCards }], width, card).height - (density === 'cards' ? 0 : legendHeight)
  const count = groups.reduce((sum, group) => sum + group.count, 0)
  const choices = sizes[density].map((size) => arrange(groups, width, size))
  const chosen = choices.find(({ height }) => height <= reserved) ?? choices.at(-1)
  const { boxes = [], headings = [], height = 0 } = chosen ?? {}
  return { density, boxes, headings, height: count > mostCards ? Math.max(height, reserved) : height }
}

type Arranged = Omit<HeatMapLayout, 'density'>

/** Groups stand side by side on shelves, each a block of its own. */
function arrange(groups: readonly GroupSize[], width: number, size: Size): Arranged {
  const boxes: Box[] = []
  const headings: Heading[] = []
  const mostColumns = Math.max(1, Math.floor((width + size.gap) / (size.width + size.gap)))
  // what fills whole rows is stretched to the edge; squares stay squares
  const stretched = (width - size.gap * (mostColumns - 1)) / mostColumns
  const isSquare = size.width === size.height
  const itemWidth = isSquare ? size.width : Math.min(stretched, size.width * 1.9)
  let [x, y, shelfHeight] = [0, 0, 0]
  for (const { label, count } of groups) {
    const isWhole = groups.length === 1 || size === card // a few cards read best in one row
    const columns = isWhole ? Math.min(mostColumns, Math.max(1, count)) : blockColumns(count, { ...size, width: itemWidth }, mostColumns)
    const blockWidth = Math.max(columns * (itemWidth + size.gap) - size.gap, Math.min(headingWidth, width))
    if (x > 0 && x + blockWidth > width + 0.5) [x, y, shelfHeight] = [0, y + shelfHeight + groupGap.y, 0]
    const top = label === undefined ? 0 : headingHeight
    if (label !== undefined) headings.push({ label, count, box: { x, y, width: blockWidth, height: headingHeight } })
    for (let index = 0; index < count; index++) {
      const [column, row] = [index % columns, Math.floor(index / columns)]
      boxes.push({
        x: x + column * (itemWidth + size.gap),
        y: y + top + row * (size.height + size.gap),
        width: itemWidth,
        height: size.height,
      })
    }
    const rows = Math.ceil(count / columns)
    shelfHeight = Math.max(shelfHeight, top + rows * (size.height + size.gap) - size.gap)
    x += blockWidth + groupGap.x
  }
  return { boxes, headings, height: groups.length === 0 ? 0 : y + shelfHeight }
}

/** Blocks about three times as wide as high, and wide enough for their heading. */
function blockColumns(count: number, size: Size, most: number): number {
  const balanced = Math.ceil(Math.sqrt((count * 3 * size.height) / size.width))
  const forHeading = Math.ceil((headingWidth + size.gap) / (size.width + size.gap))
  return Math.min(most, Math.max(1, count), Math.max(balanced, forHeading))
}

export type Direction = 'left' | 'right' | 'up' | 'down'

/** The item one comes to from another; itself at the edge. */
export function neighbourOf(boxes: readonly Box[], from: number, direction: Direction): number {
  const start = boxes[from]
  if (start === undefined) return from
  if (direction === 'left') return Math.max(0, from - 1)
  if (direction === 'right') return Math.min(boxes.length - 1, from + 1)
  const sign = direction === 'down' ? 1 : -1
  const middle = start.x + start.width / 2
  let [best, bestDistance, bestAside] = [from, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (const [index, box] of boxes.entries()) {
    const row = (box.y - start.y) * sign
    const aside = Math.abs(box.x + box.width / 2 - middle)
    // straight below goes before a nearer row of a block that stands far aside
    const distance = row + Math.max(0, aside - start.width) * 2
    if (row <= 0.5 || distance > bestDistance || (distance === bestDistance && aside >= bestAside)) continue
    ;[best, bestDistance, bestAside] = [index, distance, aside]
  }
  return best
}

/** The item at a place; -1 for none. */
export const itemAt = (boxes: readonly Box[], x: number, y: number): number =>
  boxes.findIndex((box) => x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height)

/** A name in few letters: without its domain, and as much of its end as there is room for, as that is where names of machines differ. */
export function shortName(name: string, letters: number): string {
  const isAddress = /^[\d.]+$|:/.test(name)
  const host = isAddress ? name : (name.split('.')[0] ?? name)
  return host.length <= letters ? host : `…${host.slice(-Math.max(1, letters - 1))}`
}
