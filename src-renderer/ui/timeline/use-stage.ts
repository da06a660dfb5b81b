import { type RefObject, useEffect, useRef } from 'react'
import { listenToOverview } from './overview-input.ts'
import { PointerInput } from './pointer-input.ts'
import type { TimelineController } from './timeline-controller.ts'
import { TimelineStage } from './timeline-stage.ts'
import { useAxisWords } from './timeline-words.ts'

/** Draws, and listens to the pointer, as long as the elements are on the page. */
export function useStage(controller: TimelineController) {
  const words = useAxisWords()
  const elements = {
    scroller: useRef<HTMLDivElement>(null),
    spacer: useRef<HTMLDivElement>(null),
    layer: useRef<HTMLDivElement>(null),
    labels: useRef<HTMLDivElement>(null),
    day: useRef<HTMLSpanElement>(null),
    lanes: useRef<HTMLCanvasElement>(null),
    overview: useRef<HTMLCanvasElement>(null),
  }
  const kept = useRef({ elements, words })
  const stage = useRef<TimelineStage | undefined>(undefined)
  useEffect(() => {
    const { scroller, spacer, layer, labels, day, lanes, overview } = elementsOf(kept.current.elements)
    const made = new TimelineStage(controller, { scroller, spacer, layer, labels, day, lanes, overview }, kept.current.words)
    const pointer = new PointerInput(controller, { canvas: lanes, scroller })
    const endOverview = listenToOverview(controller, overview)
    stage.current = made
    return () => {
      made.end()
      pointer.end()
      endOverview()
    }
  }, [controller])
  useEffect(() => {
    kept.current.words = words
    stage.current?.setWords(words)
  }, [words])
  return { elements }
}

type Refs<Elements> = { readonly [Name in keyof Elements]: RefObject<Elements[Name] | null> }

/** @throws Error when one is not on the page. */
function elementsOf<Elements extends Record<string, Element>>(refs: Refs<Elements>): Elements {
  const found = Object.entries(refs).map(([name, { current }]) => {
    if (!current) throw new Error(`The timeline has no ${name} element: it is asked for before it is on the page.`)
    return [name, current]
  })
  return Object.fromEntries(found) as Elements // one for each name of refs
}
