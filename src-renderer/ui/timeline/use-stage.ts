import { type RefObject, useEffect, useRef } from 'react'
import { listenToOverview } from './overview-input.ts'
import { PointerInput } from './pointer-input.ts'
import type { TimelineController } from './timeline-controller.ts'
import { type StageElements, TimelineStage } from './timeline-stage.ts'
import { useAxisWords } from './timeline-words.ts'

/** Draws, and listens to the pointer, as long as the root is on the page. Its parts say by `data-part` what they are. */
export function useStage(controller: TimelineController, root: RefObject<HTMLElement | null>): void {
  const words = useAxisWords()
  const stage = useRef<TimelineStage | undefined>(undefined)
  useEffect(() => {
    if (!root.current) return
    const elements = stageElements(root.current)
    const made = new TimelineStage(controller, elements)
    const pointer = new PointerInput(controller, elements)
    const endOverview = listenToOverview(controller, elements.overview)
    stage.current = made
    return () => {
      made.end()
      pointer.end()
      endOverview()
    }
  }, [controller, root])
  useEffect(() => stage.current?.setWords(words), [controller, words])
}

function stageElements(root: HTMLElement): StageElements {
  const find = <E extends Element>(part: string, kind: new () => E): E => {
    const found = root.querySelector(`[data-part="${part}"]`)
    if (found instanceof kind) return found
    throw new Error(`The timeline has no ${kind.name} that is its ${part}.`)
  }
  return {
    scroller: find('scroller', HTMLElement),
    spacer: find('spacer', HTMLElement),
    layer: find('layer', HTMLElement),
    labels: find('labels', HTMLElement),
    day: find('day', HTMLElement),
    lanes: find('lanes', HTMLCanvasElement),
    overview: find('overview', HTMLCanvasElement),
  }
}
