import type { TimelineController } from './timeline-controller.ts'

type Key = {
  readonly key: string
  readonly shiftKey: boolean
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
}

const zoomFactor = 1.4

/** Does what the key stands for. False when it stands for nothing here, and is the page's. */
export function pressKey(controller: TimelineController, { key, shiftKey, ctrlKey, metaKey, altKey }: Key): boolean {
  if (ctrlKey || metaKey || altKey) return false
  const stepPx = controller.size.width / 8
  const isOnBar = controller.focusedBar >= 0 && !shiftKey
  const moves: Readonly<Record<string, () => unknown>> = {
    ArrowLeft: () => (isOnBar ? controller.stepFocus('previous') : controller.panBy(-stepPx)),
    ArrowRight: () => (isOnBar ? controller.stepFocus('next') : controller.panBy(stepPx)),
    ArrowUp: () => controller.stepLane(-1),
    ArrowDown: () => controller.stepLane(1),
    PageUp: () => controller.panBy(-controller.size.width * 0.9),
    PageDown: () => controller.panBy(controller.size.width * 0.9),
    Home: () => controller.stepFocus('first'),
    End: () => controller.stepFocus('last'),
    Enter: () => controller.open(),
    ' ': () => controller.selectFocused(),
    '+': () => controller.zoom(1 / zoomFactor),
    '=': () => controller.zoom(1 / zoomFactor),
    '-': () => controller.zoom(zoomFactor),
    '0': () => controller.showWhole(),
    f: () => controller.follow(),
    F: () => controller.follow(),
  }
  if (key === 'Escape') return controller.clear()
  const move = moves[key]
  move?.()
  return move !== undefined
}
