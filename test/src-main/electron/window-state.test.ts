import { expect, test } from 'vitest'
import { placeWindow, type Rectangle } from '#src-main/electron/window-state.ts'

const laptop: Rectangle = { x: 0, y: 25, width: 1_440, height: 875 }
const monitor: Rectangle = { x: 1_440, y: 0, width: 2_560, height: 1_440 }

test('a window opens where it was, on whichever screen that is', () => {
  const saved = { x: 1_700, y: 200, width: 1_000, height: 700 }
  expect(placeWindow(saved, [laptop, monitor])).toEqual(saved)
})

test('a window of a screen that is gone opens in the middle of the main one, with its size', () => {
  const saved = { x: 1_700, y: 200, width: 1_000, height: 700 }
  expect(placeWindow(saved, [laptop])).toEqual({ x: 220, y: 113, width: 1_000, height: 700 })
})

test('a window is never larger than its screen, nor smaller than what can be used', () => {
  expect(placeWindow({ x: 1_700, y: 200, width: 2_400, height: 1_400 }, [laptop])).toEqual(laptop)
  expect(placeWindow({ x: 100, y: 100, width: 10, height: 10 }, [laptop])).toMatchObject({ width: 640, height: 480 })
})

test.each([
  ['its left edge alone is seen', { x: 1_400, y: 100, width: 900, height: 600 }, false],
  ['most of it is seen', { x: 1_000, y: 100, width: 900, height: 600 }, true],
  ['its upper edge is above the screen', { x: 100, y: -40, width: 900, height: 600 }, false],
  ['its upper edge is below the screen', { x: 100, y: 880, width: 900, height: 600 }, false],
])('a window stays only where it can be taken hold of: %s', (_what, saved, stays) => {
  const { x, y } = placeWindow(saved, [laptop])
  expect(x === saved.x && y === saved.y).toBe(stays)
})

test('new windows do not lie exactly on each other, and stay on the screen', () => {
  const places = Array.from({ length: 12 }, (_, shift) => placeWindow(undefined, [laptop], shift))
  expect(new Set(places.slice(0, 3).map(({ x }) => x)).size).toBe(3)
  for (const { x, y, width, height } of places) {
    expect(x + width).toBeLessThanOrEqual(laptop.x + laptop.width)
    expect(y + height).toBeLessThanOrEqual(laptop.y + laptop.height)
  }
})

test('without any screen there is a place all the same', () => {
  expect(placeWindow(undefined, [])).toMatchObject({ width: 1_280, height: 860 })
})
