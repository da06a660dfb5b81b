import { themeEvent } from '../../util/theme.ts'
import { paintAxis } from './paint-axis.ts'
import { paintLanes } from './paint-lanes.ts'
import { paintMarks } from './paint-marks.ts'
import { OverviewPainter, overviewPx } from './paint-overview.ts'
import { type AxisWords, axisPx, type Scene } from './scene.ts'
import { Strips } from './strips.ts'
import { readTheme } from './theme-colours.ts'
import type { TimelineController } from './timeline-controller.ts'
import { snapToPixel, spanOf } from './view-window.ts'

export type StageElements = {
  readonly scroller: HTMLElement
  /** As high as all lanes; holds `layer`, which stays in sight. */
  readonly spacer: HTMLElement
  readonly layer: HTMLElement
  /** Moved up as the lanes scroll. */
  readonly labels: HTMLElement
  readonly day: HTMLElement
  readonly lanes: HTMLCanvasElement
  readonly overview: HTMLCanvasElement
}

/** Draws the lanes and the overview before the next frame whenever something changed, and as time goes by where that can be seen. */
export class TimelineStage {
  #words: AxisWords = { day: String, date: String, duration: String }
  readonly #controller: TimelineController
  readonly #elements: StageElements
  readonly #strips = new Strips()
  readonly #overview = new OverviewPainter()
  readonly #ends: (() => void)[] = []
  #theme
  #frame = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #isInSight = true

  constructor(controller: TimelineController, elements: StageElements) {
    this.#controller = controller
    this.#elements = elements
    this.#theme = readTheme(elements.layer)
    this.#ends.push(
      controller.drawing.subscribe(() => this.wake()),
      controller.store.subscribe(() => this.#noteStore()),
    )
    const sizes = new ResizeObserver(() => this.#measure())
    for (const element of [elements.scroller, elements.lanes, elements.overview]) sizes.observe(element)
    const sight = new IntersectionObserver(([entry]) => this.#noteSight(entry?.isIntersecting === true))
    sight.observe(elements.scroller)
    const onTheme = () => this.#readTheme()
    window.addEventListener(themeEvent, onTheme)
    const onScroll = () => this.#noteScroll()
    elements.scroller.addEventListener('scroll', onScroll, { passive: true })
    controller.onScrollWish = (top) => (elements.scroller.scrollTop = top)
    this.#ends.push(
      () => sizes.disconnect(),
      () => sight.disconnect(),
      () => window.removeEventListener(themeEvent, onTheme),
      () => elements.scroller.removeEventListener('scroll', onScroll),
    )
    this.#measure()
  }

  setWords(words: AxisWords): void {
    this.#words = words
    this.wake()
  }

  end(): void {
    for (const end of this.#ends) end()
    cancelAnimationFrame(this.#frame)
    clearTimeout(this.#timer)
  }

  /** Draws before the next frame. */
  wake(): void {
    if (this.#frame !== 0 || !this.#isInSight) return
    clearTimeout(this.#timer)
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0
      this.#draw()
      this.#waitForTime()
    })
  }

  #draw(): void {
    const { scroller, spacer, layer, labels, day, lanes } = this.#elements
    this.#controller.advance()
    const total = Math.max(scroller.clientHeight, this.#controller.stack.heightPx + axisPx)
    setStyle(spacer, 'height', `${total}px`)
    setStyle(layer, 'height', `${scroller.clientHeight}px`)
    setStyle(labels, 'transform', `translateY(${-this.#controller.scrollTop}px)`)
    const scene = this.#scene()
    const context = contextOf(lanes, scene)
    if (!context || scene.width === 0) return
    paintLanes(context, scene, this.#strips)
    paintMarks(context, scene)
    paintAxis(context, scene)
    const dayText = this.#words.date(scene.view.fromMs + (scene.width / 2) * scene.view.msPerPx)
    if (day.textContent !== dayText) day.textContent = dayText
    this.#drawOverview(scene)
  }

  #drawOverview({ store, pixelRatio, view, width: shownWidth, nowMs, theme }: Scene): void {
    const { overview } = this.#elements
    const width = overview.clientWidth
    const context = contextOf(overview, { width, height: overviewPx, pixelRatio })
    if (!context || width === 0) return
    this.#overview.paint(context, {
      store,
      width,
      pixelRatio,
      nowMs,
      theme,
      range: this.#controller.overviewSpan,
      shown: spanOf(view, shownWidth),
    })
  }

  #scene(): Scene {
    const { store, stack, shading, view, size, scrollTop, input, span, focusedBar, selectedBar, pointed } = this.#controller
    const pixelRatio = window.devicePixelRatio || 1
    return {
      ...{ store, stack, shading, scrollTop, pixelRatio, words: this.#words, theme: this.#theme },
      colourBy: input.colourBy,
      view: snapToPixel(view, pixelRatio),
      width: size.width,
      height: size.height + axisPx,
      nowMs: input.nowMs(),
      isLive: input.isLive,
      marks: {
        hovered: pointed?.hit.kind === 'bar' ? pointed.hit.bar : -1,
        selected: selectedBar,
        focused: focusedBar,
        span,
        hasLinks: input.litTasks !== undefined,
      },
    }
  }

  /** The next frame comes when a bar that runs has grown by a pixel, and that can be seen. */
  #waitForTime(): void {
    const { input, mode, view, size } = this.#controller
    const nowMs = input.nowMs()
    const shown = spanOf(view, size.width)
    if (!input.isLive || (mode === 'free' && (nowMs < shown.fromMs || nowMs > shown.toMs))) return
    const leastMs = matchMedia('(prefers-reduced-motion: reduce)').matches ? 1_000 : 0
    const waitMs = Math.min(1_000, Math.max(leastMs, view.msPerPx / (window.devicePixelRatio || 1)))
    if (waitMs < 20) this.wake()
    else this.#timer = setTimeout(() => this.wake(), waitMs)
  }

  #noteStore(): void {
    this.#controller.choices.tell()
    this.wake()
  }

  #noteScroll(): void {
    this.#controller.scrollTop = this.#elements.scroller.scrollTop
    this.#controller.pointAt(undefined)
    this.wake()
  }

  #noteSight(isInSight: boolean): void {
    this.#isInSight = isInSight
    if (isInSight) this.wake()
  }

  #measure(): void {
    const { scroller, lanes } = this.#elements
    this.#controller.setSize(lanes.clientWidth, Math.max(0, scroller.clientHeight - axisPx))
    this.wake()
  }

  #readTheme(): void {
    this.#theme = readTheme(this.#elements.layer)
    this.wake()
  }
}

type CanvasSize = { readonly width: number; readonly height: number; readonly pixelRatio: number }

/** The context, in CSS pixels, of a canvas that has just as many pixels as the screen. */
function contextOf(canvas: HTMLCanvasElement, { width, height, pixelRatio }: CanvasSize): CanvasRenderingContext2D | null {
  const [columns, rows] = [Math.round(width * pixelRatio), Math.round(height * pixelRatio)]
  if (canvas.width !== columns || canvas.height !== rows) {
    canvas.width = columns
    canvas.height = rows
  }
  const context = canvas.getContext('2d', { alpha: false })
  context?.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0)
  return context
}

function setStyle(element: HTMLElement, name: 'height' | 'transform', value: string): void {
  if (element.style[name] !== value) element.style[name] = value
}
