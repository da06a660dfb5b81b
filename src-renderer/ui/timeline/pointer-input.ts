import { axisPx } from './scene.ts'
import type { TimelineController } from './timeline-controller.ts'
import { msOf } from './view-window.ts'

/** A pointer that moved less has clicked. */
const dragPx = 4
const pixelsOfLine = 16

type Drag = {
  readonly kind: 'pan' | 'span'
  readonly startX: number
  readonly startY: number
  readonly startMs: number
  x: number
  y: number
  isMoved: boolean
}

/** What mouse, pen, fingers and wheel do on the canvas of the lanes. */
export class PointerInput {
  readonly #controller: TimelineController
  readonly #canvas: HTMLCanvasElement
  readonly #scroller: HTMLElement
  readonly #ending = new AbortController()
  readonly #touches = new Map<number, { x: number; y: number }>()
  #drag: Drag | undefined
  #pinchPx = 0

  constructor(
    controller: TimelineController,
    { lanes: canvas, scroller }: { readonly lanes: HTMLCanvasElement; readonly scroller: HTMLElement },
  ) {
    this.#controller = controller
    this.#canvas = canvas
    this.#scroller = scroller
    const { signal } = this.#ending
    canvas.addEventListener('pointerdown', (event) => this.#onDown(event), { signal })
    canvas.addEventListener('pointermove', (event) => this.#onMove(event), { signal })
    canvas.addEventListener('pointerup', (event) => this.#onUp(event), { signal })
    canvas.addEventListener('pointercancel', (event) => this.#onCancel(event), { signal })
    canvas.addEventListener('pointerleave', () => controller.pointAt(undefined), { signal })
    canvas.addEventListener('dblclick', (event) => controller.doubleClick(event.offsetX, event.offsetY - axisPx), { signal })
    // Over labels too, where it scrolls the lanes unless it zooms; the browser must not take it for the page's own zoom.
    scroller.addEventListener('wheel', (event) => this.#onWheel(event), { signal, passive: false })
  }

  end(): void {
    this.#ending.abort()
  }

  #onDown(event: PointerEvent): void {
    if (event.button !== 0) return
    const { offsetX: x, offsetY: y } = event
    this.#canvas.setPointerCapture(event.pointerId)
    if (event.pointerType === 'touch') this.#touches.set(event.pointerId, { x, y })
    if (this.#touches.size === 2) {
      this.#drag = undefined
      this.#pinchPx = this.#touchDistance()
      return
    }
    const kind = event.shiftKey ? 'span' : 'pan'
    this.#drag = { kind, startX: x, startY: y, startMs: msOf(this.#controller.view, x), x, y, isMoved: false }
  }

  #onMove(event: PointerEvent): void {
    const { offsetX: x, offsetY: y } = event
    if (this.#touches.has(event.pointerId)) this.#touches.set(event.pointerId, { x, y })
    if (this.#touches.size === 2) return this.#pinch()
    const drag = this.#drag
    if (!drag) return this.#controller.pointAt({ x, y: y - axisPx })
    if (!drag.isMoved && Math.hypot(x - drag.startX, y - drag.startY) < dragPx) return
    drag.isMoved = true
    this.#controller.pointAt(undefined)
    if (drag.kind === 'span') this.#controller.setSpan(this.#spanTo(drag, x), false)
    else {
      this.#canvas.style.cursor = 'grabbing'
      this.#controller.panBy(drag.x - x)
      this.#scroller.scrollTop += drag.y - y
    }
    drag.x = x
    drag.y = y
  }

  #onUp(event: PointerEvent): void {
    this.#touches.delete(event.pointerId)
    const drag = this.#drag
    this.#drag = undefined
    this.#canvas.style.cursor = ''
    if (!drag) return
    if (!drag.isMoved) this.#controller.click(event.offsetX, event.offsetY - axisPx)
    else if (drag.kind === 'span') this.#controller.setSpan(this.#spanTo(drag, event.offsetX), true)
  }

  #onCancel(event: PointerEvent): void {
    this.#touches.delete(event.pointerId)
    this.#drag = undefined
    this.#canvas.style.cursor = ''
  }

  /** Across it pans; up and down it scrolls the lanes as any list, and pans where there is nothing to scroll. */
  #onWheel(event: WheelEvent): void {
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? pixelsOfLine : event.deltaMode === WheelEvent.DOM_DELTA_PAGE ? 400 : 1
    const [across, down] = event.shiftKey && event.deltaX === 0 ? [event.deltaY * unit, 0] : [event.deltaX * unit, event.deltaY * unit]
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault()
      const x = event.clientX - this.#canvas.getBoundingClientRect().left
      this.#controller.zoom(Math.exp(Math.min(120, Math.max(-120, down)) * 0.006), Math.max(0, x))
      return
    }
    const canScroll = this.#scroller.scrollHeight > this.#scroller.clientHeight
    if (Math.abs(across) <= Math.abs(down) && canScroll) return
    event.preventDefault()
    this.#controller.pointAt(undefined)
    this.#controller.panBy(Math.abs(across) > Math.abs(down) ? across : down)
  }

  #pinch(): void {
    const distance = this.#touchDistance()
    const [one, two] = [...this.#touches.values()]
    if (one && two && distance > 0 && this.#pinchPx > 0) this.#controller.zoom(this.#pinchPx / distance, (one.x + two.x) / 2)
    this.#pinchPx = distance
  }

  #touchDistance(): number {
    const [one, two] = [...this.#touches.values()]
    return one && two ? Math.hypot(one.x - two.x, one.y - two.y) : 0
  }

  #spanTo({ startMs }: Drag, x: number): { readonly fromMs: number; readonly toMs: number } {
    const atMs = msOf(this.#controller.view, x)
    return { fromMs: Math.min(startMs, atMs), toMs: Math.max(startMs, atMs) }
  }
}
