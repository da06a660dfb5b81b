import { createElement } from 'react'
import { TooltipProvider } from '../../../../src-renderer/ui/tooltip.tsx'

/** What each part stands in: the whole window. */
export const inWindow = (child) =>
  createElement(
    TooltipProvider,
    null,
    createElement('main', { className: 'flex flex-col', style: { height: '100vh', padding: 12 } }, child),
  )

export const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve))

/** Until what was asked for is on the screen: the second frame begins when the first has been painted. */
export async function painted() {
  await nextFrame()
  await nextFrame()
}

/** Looks once a frame. */
export async function until(isSo) {
  while (!isSo()) await nextFrame()
}

/**
 * Calls `step` with what part of the time has passed, from 0 to 1, once in every frame, and tells how the frames came.
 * @returns {Promise<{ fps: number, p95Ms: number, longestMs: number }>}
 */
export async function watchFrames(durationMs, step) {
  const begunMs = await nextFrame()
  const gaps = []
  for (let lastMs = begunMs; lastMs - begunMs < durationMs; ) {
    step((lastMs - begunMs) / durationMs)
    const nowMs = await nextFrame()
    gaps.push(nowMs - lastMs)
    lastMs = nowMs
  }
  const total = gaps.reduce((sum, gap) => sum + gap, 0)
  gaps.sort((one, other) => one - other)
  return { fps: (gaps.length * 1_000) / total, p95Ms: gaps[Math.floor(gaps.length * 0.95)], longestMs: gaps.at(-1) }
}
