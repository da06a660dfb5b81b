import { createElement } from 'react'
import { TimelineStore } from '../../../../src-renderer/ui/timeline/timeline-store.ts'
import { TimelineView } from '../../../../src-renderer/ui/timeline/timeline-view.tsx'
import { inWindow, painted, until, watchFrames } from './frames.mjs'

const count = 1_000_000
const atOnce = 20_000
const workers = 400
const begunAtMs = 1_700_000_000_000
const stepMs = 1_440 // so that a worker's 2,500 tasks take an hour

function makeBar(number) {
  const worker = number % workers
  const startMs = begunAtMs + Math.floor(number / workers) * stepMs + ((worker * 37) % 400)
  return {
    taskId: number.toString(16).padStart(16, '0').padEnd(48, 'c'),
    attempt: 0,
    name: ['load_batch', 'train_step', 'score', 'save_checkpoint'][(Math.floor(number / workers) + worker) % 4],
    state: number % 50 === 0 ? 'failed' : 'finished',
    startMs,
    endMs: startMs + 200 + ((number * 7_919) % 1_000),
    nodeId: `node-${worker >> 3}`,
    workerId: `worker-${worker}`,
    parentTaskId: null,
  }
}

function wheel(canvas, event) {
  const { left, top, width } = canvas.getBoundingClientRect()
  canvas.dispatchEvent(new WheelEvent('wheel', { bubbles: true, cancelable: true, clientX: left + width / 2, clientY: top + 60, ...event }))
}

/** Takes in 1,000,000 bars in parts, zooms from all of them into a second and back, and pans. */
export async function runTimeline(root) {
  const store = new TimelineStore()
  const props = {
    store,
    label: 'Timeline',
    grouping: 'worker',
    colourBy: 'function',
    isLive: false,
    onSelect() {},
    onOpen() {},
    onSpan() {},
  }
  root.render(inWindow(createElement('div', { className: 'min-h-0 flex-1' }, createElement(TimelineView, props))))
  await painted()
  let makingMs = 0
  const begunMs = performance.now()
  for (let first = 0; first < count; first += atOnce) {
    const beforeMs = performance.now()
    const bars = Array.from({ length: atOnce }, (_, at) => makeBar(first + at))
    makingMs += performance.now() - beforeMs
    store.upsert(bars)
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
  await until(() => store.layout?.isSettled === true && !store.isRegrouping)
  await painted()
  const loadMs = performance.now() - begunMs - makingMs
  const canvas = document.querySelector('canvas[data-part="lanes"]')
  const zoom = await watchFrames(4_000, (part) => wheel(canvas, { ctrlKey: true, deltaY: part < 0.5 ? -15 : 15 }))
  for (let step = 0; step < 30; step += 1) wheel(canvas, { ctrlKey: true, deltaY: -15 })
  const pan = await watchFrames(4_000, (part) => wheel(canvas, { deltaX: part < 0.5 ? 40 : -40 }))
  const whole = document.querySelector('[role="application"]')
  const pressedMs = performance.now()
  whole.dispatchEvent(new KeyboardEvent('keydown', { key: '0', bubbles: true }))
  await painted()
  return { loadMs, zoom, pan, wholeMs: performance.now() - pressedMs }
}
