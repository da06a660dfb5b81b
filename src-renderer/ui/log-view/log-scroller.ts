import { type Extent, isExact, placeOfScroll, rowHeight, scrollOfPlace, spacerHeight } from './scroll-map.ts'

/** The rows of a list by the ids of what they show; ids rise. `rowOf`: the row of an id, or where it would stand. */
export type ListRows = {
  readonly count: number
  readonly idOf: (row: number) => number
  readonly rowOf: (id: number) => number
  /** More rows are still being found, behind those that there are. */
  readonly isGrowing: boolean
}

/** `averageHeight`: in px, of a row; that of a row which is not wrapped where none is. With another `widthKey` rows may be narrower. */
export type RowLooks = { readonly averageHeight: number; readonly widthKey: string }

export type RowWindow = { readonly from: number; readonly to: number; readonly height: number }

/**
 * Which rows of a long list are drawn, and where. What is read stands still, whatever is added or goes: the place is kept as an id and the px
 * that its row is above the view, and all else is laid out around it as high as it comes out. So rows may be of any height.
 */
export class LogScroller {
  readonly #onChange: (isUrgent: boolean) => void
  #container: HTMLElement | null = null
  #layer: HTMLElement | null = null
  #rows: ListRows = { count: 0, idOf: () => 0, rowOf: () => 0, isGrowing: false }
  #window: RowWindow = { from: 0, to: 0, height: 0 }
  #averageHeight = rowHeight
  #anchor = { id: 0, above: 0 }
  #bottomId = 0
  #widest = { key: '', width: 0 }
  /** Of the drawn rows and the end of the last, where they are wrapped. */
  #tops: number[] = []
  #isFollowing: boolean
  #isMovingDown = false
  #seenTo = 0
  #lastTop = 0
  #movedAtMs = 0
  #idle: ReturnType<typeof setTimeout> | undefined
  readonly #heights = new Map<number, number>()

  /** `onChange`: what it draws is to be drawn again; at once where the user moved it. */
  constructor(isFollowing: boolean, onChange: (isUrgent: boolean) => void) {
    this.#isFollowing = isFollowing
    this.#onChange = onChange
  }

  /** Whether the end stays in sight. */
  get isFollowing(): boolean {
    return this.#isFollowing
  }

  /** Ids from this one on came after the end was last in sight. */
  get seenTo(): number {
    return this.#seenTo
  }

  /** Of the row at the top of the view, and of that at the bottom. */
  get topId(): number {
    return this.#anchor.id
  }

  get bottomId(): number {
    return this.#bottomId
  }

  /** Heights of wrapped rows, in px, by id: of those that were drawn. */
  get heights(): ReadonlyMap<number, number> {
    return this.#heights
  }

  attach(container: HTMLElement | null, layer: HTMLElement | null): void {
    this.#container = container
    this.#layer = layer
  }

  /** Which rows to draw of these. */
  drawn(rows: ListRows, { averageHeight, widthKey }: RowLooks): RowWindow {
    if (widthKey !== this.#widest.key) {
      this.#widest = { key: widthKey, width: 0 }
      this.#heights.clear()
      this.#anchor = { ...this.#anchor, above: Math.min(0, this.#anchor.above) } // px of another layout
    }
    this.#rows = rows
    this.#averageHeight = averageHeight
    const inView = Math.ceil(this.#viewport / rowHeight) + 1
    const { id, above } = this.#anchor
    const anchored = Math.min(rows.rowOf(id), rows.count - 1) - Math.ceil(Math.max(0, -above) / rowHeight)
    const top = this.#isFollowing ? rows.count - inView : anchored
    const to = Math.min(rows.count, Math.max(0, top) + inView + around)
    this.#window = { from: Math.max(0, top - around), to, height: spacerHeight(this.#extent) }
    return this.#window
  }

  /** After they are drawn: moves them to where they belong. All is read before anything is written, so that the browser lays out once. */
  place(): void {
    const [container, layer] = [this.#container, this.#layer]
    if (container === null || layer === null) return
    const row = this.#rows.rowOf(this.#anchor.id)
    const isPending = row >= this.#rows.count && this.#rows.isGrowing
    this.#measure(layer)
    this.#syncScroll(container, row)
    const top = Math.round(this.#topOfLayer(row))
    if (!isPending) this.#keepAnchor(this.#lastTop - top)
    this.#isMovingDown = false
    layer.style.transform = `translateY(${top}px)`
    layer.style.minWidth = this.#widest.width > 0 ? `${this.#widest.width}px` : ''
  }

  /** The list stays as wide as it ever was, so that the scroll bar below does not jump with what is in sight. */
  widen(width: number): void {
    this.#widest = { ...this.#widest, width: Math.max(this.#widest.width, width) }
  }

  readonly onScroll = (): void => {
    const container = this.#container
    if (container === null) return
    const by = container.scrollTop - this.#lastTop
    if (Math.abs(by) < 0.5) return
    this.#lastTop = container.scrollTop
    this.#movedAtMs = performance.now()
    this.#turn(by)
    if (isExact(this.#extent) || Math.abs(by) >= this.#viewport) this.#goTo(placeOfScroll(this.#lastTop, this.#extent))
    else this.#walk(by)
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => this.#onChange(false), idleMs)
    this.#onChange(true)
  }

  /** Before the browser has moved anything: what the user turns up must not be pulled down again. */
  readonly onWheel = (event: { readonly deltaY: number }): void => {
    if (event.deltaY < 0 && this.#window.height > this.#viewport) this.#turn(event.deltaY)
  }

  moveBy(px: number): void {
    this.#turn(px)
    this.#walk(px)
    this.#jump()
  }

  toStart(): void {
    this.#turn(-1)
    this.#anchor = { id: this.#rows.count > 0 ? this.#rows.idOf(0) : 0, above: 0 }
    this.#jump()
  }

  /** And stays there. */
  toEnd(): void {
    this.#isFollowing = true
    this.#jump()
  }

  /** Brings the row of an id into sight, in the middle unless it is there or `edge` asks for no more than needed. */
  reveal(id: number, where: 'middle' | 'edge'): void {
    const view = this.#viewport
    const element = this.#layer?.children[this.#rows.rowOf(id) - this.#window.from]
    const box = element?.getBoundingClientRect()
    const top = this.#container?.getBoundingClientRect().top ?? 0
    if (box && box.top >= top && box.bottom <= top + view) return
    const room = view - (box?.height ?? rowHeight)
    const isAbove = this.#rows.rowOf(id) <= this.#rows.rowOf(this.#anchor.id)
    this.#turn(-1)
    this.#anchor = { id, above: where === 'middle' ? -Math.max(0, Math.floor(room / 2)) : isAbove ? 0 : -room }
    this.#jump()
  }

  get #viewport(): number {
    return this.#container?.clientHeight || 600
  }

  get #extent(): Extent {
    return { rows: this.#rows.count, averageHeight: this.#averageHeight, viewport: this.#viewport }
  }

  #turn(by: number): void {
    this.#isMovingDown = by > 0
    if (by >= 0 || !this.#isFollowing) return
    this.#isFollowing = false
    this.#seenTo = this.#rows.count > 0 ? this.#rows.idOf(this.#rows.count - 1) + 1 : 0
  }

  #jump(): void {
    this.#movedAtMs = Number.NEGATIVE_INFINITY
    this.#onChange(true)
  }

  #goTo({ row, part }: { row: number; part: number }): void {
    if (this.#rows.count === 0) return
    const id = this.#rows.idOf(Math.min(row, this.#rows.count - 1))
    this.#anchor = { id, above: part * this.#heightOf(id) }
  }

  #walk(by: number): void {
    if (this.#rows.count === 0) return
    let row = Math.min(this.#rows.rowOf(this.#anchor.id), this.#rows.count - 1)
    let above = this.#anchor.above + by
    while (above < 0 && row > 0) above += this.#heightOf(this.#rows.idOf(--row))
    while (row < this.#rows.count - 1 && above >= this.#heightOf(this.#rows.idOf(row))) above -= this.#heightOf(this.#rows.idOf(row++))
    this.#anchor = { id: this.#rows.idOf(row), above: Math.max(0, above) }
  }

  #heightOf(id: number): number {
    return this.#heights.get(id) ?? this.#averageHeight
  }

  /**
   * Sets the scroll bar to what is shown. While the user moves it that would be in the way, unless the bar runs into its end long before the
   * list does.
   */
  #syncScroll(container: HTMLElement, row: number): void {
    const extent = this.#extent
    const range = Math.max(0, spacerHeight(extent) - container.clientHeight)
    const place = { row, part: this.#anchor.above / this.#heightOf(this.#anchor.id) }
    const wanted = this.#isFollowing ? range : scrollOfPlace(place, extent)
    const isMoving = performance.now() - this.#movedAtMs < idleMs
    const isAtEdge = this.#lastTop < extent.viewport || this.#lastTop > range - extent.viewport
    const isFar = Math.abs(wanted - container.scrollTop) > (isMoving ? extent.viewport / 4 : 0.5)
    if (isFar && (!isMoving || isAtEdge || isExact(extent) || this.#isFollowing)) container.scrollTop = wanted
    this.#lastTop = container.scrollTop
  }

  /** In px of the list, for the row of the anchor. */
  #topOfLayer(row: number): number {
    const { from, to } = this.#window
    const lowest = this.#lastTop + this.#viewport - this.#topOf(to)
    let top = lowest
    if (!this.#isFollowing) {
      const above = row < this.#rows.count && this.#rows.idOf(row) === this.#anchor.id ? this.#anchor.above : 0
      top = this.#lastTop - above - this.#topOf(Math.min(row, this.#rows.count - 1))
      if (to === this.#rows.count && top <= lowest) {
        top = lowest
        if (this.#isMovingDown) this.#isFollowing = true
      }
    }
    return from === 0 ? Math.min(top, this.#lastTop) : top
  }

  /** Of a drawn row, or the one behind them, below the top of the layer, in px. */
  #topOf(row: number): number {
    return this.#tops[row - this.#window.from] ?? Math.max(0, row - this.#window.from) * rowHeight
  }

  /** Wrapped rows are as high as they come out. */
  #measure(layer: HTMLElement): void {
    this.#tops = []
    if (this.#averageHeight === rowHeight) return
    if (this.#heights.size > mostHeights) this.#heights.clear()
    let end = 0
    for (const [at, element] of [...layer.children].entries()) {
      const row = this.#window.from + at
      if (row >= this.#window.to || !(element instanceof HTMLElement)) break
      this.#tops.push(end)
      end += element.offsetHeight
      this.#heights.set(this.#rows.idOf(row), element.offsetHeight)
    }
    this.#tops.push(end)
  }

  /** The row at the top of the view is the one that stays. `hidden`: px of the layer that are above the view. */
  #keepAnchor(hidden: number): void {
    const lowest = hidden + this.#viewport
    let isFound = false
    for (let row = this.#window.from; row < this.#window.to; row++) {
      const [top, bottom] = [this.#topOf(row), this.#topOf(row + 1)]
      if (bottom <= hidden) continue
      if (!isFound) this.#anchor = { id: this.#rows.idOf(row), above: hidden - top }
      if (!isFound || bottom <= lowest) this.#bottomId = this.#rows.idOf(row)
      if (bottom > lowest) return
      isFound = true
    }
  }
}

/** Rows that are drawn above and below the view, for a turn of the wheel. */
const around = 16
const idleMs = 150
const mostHeights = 20_000
