import * as z from 'zod'
import { PagePath } from '../contract/desktop-bridge.ts'

export type Rectangle = { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

const Place = z.int().min(-100_000).max(100_000)
const Size = z.int().min(1).max(100_000)

export const WindowState = z.object({
  /** Of the window when it is not maximised. */
  bounds: z.object({ x: Place, y: Place, width: Size, height: Size }),
  isMaximised: z.boolean(),
  path: PagePath,
})
export type WindowState = z.infer<typeof WindowState>

export const maxWindows = 16
export const DesktopState = z.object({
  windows: z.array(WindowState).max(maxWindows),
  /** Of Chromium: 0 is 100 %, each step 20 %. One for all windows. */
  zoomLevel: z.number().min(-4).max(6),
  theme: z.enum(['system', 'light', 'dark']),
  /** Of the menus; null: that of the system. */
  language: z.enum(['en', 'ja']).nullable(),
})
export type DesktopState = z.infer<typeof DesktopState>

export const noState: DesktopState = { windows: [], zoomLevel: 0, theme: 'system', language: null }

export const smallest = { width: 640, height: 480 } as const
const usual = { width: 1_280, height: 860 } as const
/** So much of a window must be seen of its upper edge, to be taken hold of. */
const gripPx = 80

/**
 * Where a window opens: where it was, when a screen still shows that; else on the main screen, no larger than it. `areas`: what screens leave to
 * windows, the main one first. `shift`: how many stand there already.
 */
export function placeWindow(saved: Rectangle | undefined, areas: readonly Rectangle[], shift = 0): Rectangle {
  const main = areas[0] ?? { x: 0, y: 0, ...usual }
  const size = saved ?? usual
  const home = saved === undefined ? undefined : areas.find((area) => canBeGrabbed(saved, area))
  const area = home ?? main
  const width = Math.min(Math.max(size.width, smallest.width), area.width)
  const height = Math.min(Math.max(size.height, smallest.height), area.height)
  if (home !== undefined && saved !== undefined) return { x: saved.x, y: saved.y, width, height }
  const step = (shift % 8) * 24
  return {
    x: Math.round(area.x + Math.min((area.width - width) / 2 + step, area.width - width)),
    y: Math.round(area.y + Math.min((area.height - height) / 2 + step, area.height - height)),
    width,
    height,
  }
}

function canBeGrabbed(window: Rectangle, area: Rectangle): boolean {
  const seen = Math.min(window.x + window.width, area.x + area.width) - Math.max(window.x, area.x)
  return seen >= gripPx && window.y >= area.y && window.y <= area.y + area.height - gripPx
}
