import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { build, preview } from 'vite'
import { launchBrowser } from '#test/support/browser/browser.ts'
import { repository } from '#test/tidy/repository-files.ts'
import type { Figure } from './figure.ts'
import { PageProcess } from './page-process.ts'

export const madeParts = ['table', 'log', 'timeline', 'figures'] as const
export type MadePart = (typeof madeParts)[number]

const leastFps = 50
const mostMb = 600
const updates = 10
const longestMs = 240_000

type Frames = { readonly fps: number; readonly p95Ms: number; readonly longestMs: number }
/** As the modules of test/bench/ui/page give it. */
type Told = { readonly loadMs: number; readonly searchMs: number; readonly wholeMs: number } & Record<'scroll' | 'pan' | 'zoom', Frames>

/** Builds the page of made data, and measures a part of it in a browser of its own. @throws Error what the page threw */
export async function measureMadeData(part: MadePart): Promise<Figure[]> {
  const outDir = mkdtempSync(join(tmpdir(), 'shoal-bench-ui-'))
  const shared = {
    configFile: join(repository, 'vite.config.ts'),
    root: join(repository, 'test/bench/ui/page'),
    logLevel: 'error',
  } as const
  await build({ ...shared, build: { outDir, emptyOutDir: true } })
  const site = await preview({ ...shared, build: { outDir }, preview: { host: '127.0.0.1', port: 0 } })
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage({ viewport: { width: 1_280, height: 800 }, locale: 'en-GB' })
    const failure = new Promise<never>((_, reject) => {
      page.on('pageerror', reject)
      setTimeout(() => reject(new Error(`the page of ${part} was not done within ${longestMs / 1_000} s`)), longestMs).unref()
    })
    failure.catch(() => {}) // told by the race
    await page.goto(`${site.resolvedUrls?.local[0] ?? ''}?part=${part}`)
    const measure = async () => readers[part](await page.evaluate<Told>('shoalBench.run()'), await PageProcess.of(browser, page))
    return await Promise.race([measure(), failure])
  } finally {
    await browser.close()
    await site.close()
    rmSync(outDir, { recursive: true, force: true })
  }
}

type Reader = (told: Told, process: PageProcess) => Promise<Figure[]>

const readers: Record<MadePart, Reader> = {
  table: async ({ loadMs, scroll }, process) => {
    const what = 'table of 100,000 rows'
    return [
      { what: `${what}: first rows`, unit: 'ms', value: loadMs },
      ...framesOf(`${what}, scrolled`, scroll),
      ...(await memoryOf(what, process)),
    ]
  },
  log: async ({ loadMs, scroll, searchMs }, process) => {
    const what = 'log of 1,000,000 lines'
    return [
      { what: `${what}: load`, unit: 'ms', value: loadMs },
      ...framesOf(`${what}, scrolled`, scroll),
      { what: `${what}: regular expression, all hits`, unit: 'ms', value: searchMs },
      ...(await memoryOf(what, process)),
    ]
  },
  timeline: async ({ loadMs, pan, zoom, wholeMs }, process) => {
    const what = 'timeline of 1,000,000 bars'
    return [
      { what: `${what}: load`, unit: 'ms', value: loadMs },
      ...framesOf(`${what}, panned`, pan),
      ...framesOf(`${what}, zoomed in and out`, zoom),
      { what: `${what}: from a part to all of it`, unit: 'ms', value: wholeMs },
      ...(await memoryOf(what, process)),
    ]
  },
  figures: async ({ loadMs }, process) => {
    const what = '1,000 nodes and 50 lines × 300 points'
    await delay(1_500) // the first update compiles
    const before = await process.workedMs()
    await delay(updates * 1_000)
    const perUpdateMs = ((await process.workedMs()) - before) / updates
    return [
      { what: `${what}: first picture`, unit: 'ms', value: loadMs },
      { what: `${what}: main thread for an update, one a second`, unit: 'ms', value: perUpdateMs },
    ]
  },
}

const framesOf = (what: string, { fps, p95Ms, longestMs }: Frames): Figure[] => [
  { what, unit: 'fps', value: fps, atLeast: leastFps },
  { what: `${what}: p95 between frames`, unit: 'ms', value: p95Ms },
  { what: `${what}: longest between frames`, unit: 'ms', value: longestMs },
]

async function memoryOf(what: string, process: PageProcess): Promise<Figure[]> {
  const { heapMb, residentMb } = await process.memory()
  return [
    { what: `${what}: memory of the renderer`, unit: 'MB', value: residentMb, atMost: mostMb },
    { what: `${what}: of that, objects`, unit: 'MB', value: heapMb },
  ]
}
