import { setTimeout as delay } from 'node:timers/promises'
import type { Page } from '@playwright/test'
import { openPanelWorld, type PanelWorld } from '#test/support/browser/browser.ts'
import { ensurePayload } from '#test/support/payload.ts'
import { type Figure, quantile } from './figure.ts'
import { PageProcess } from './page-process.ts'

const visits = 5
const jobs = 20
const samplesEveryMs = 30_000
/** Lines, lists and caches of the overview fill first. */
const settleMs = 15_000

/** Kept in the page: its longest task, and when a person could first see how many nodes there are. */
const watchPage = `
  globalThis.longestTaskMs = 0
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longestTaskMs = Math.max(longestTaskMs, duration)
  }).observe({ type: 'longtask', buffered: true })
  globalThis.figuresSeen = new Promise((resolve, reject) => {
    const look = () => {
      if (/\\d+ of \\d+ alive/.test(document.body?.textContent ?? '')) resolve(performance.now())
      else requestAnimationFrame(look)
    }
    if (location.pathname.endsWith('/overview')) look()
    setTimeout(() => reject(new Error('the overview showed no nodes within a minute')), 60_000)
  })
  figuresSeen.catch(() => {})`

/** A panel with a home of its own, its cluster on this computer with the sample jobs, and its page in a browser. */
export async function measureRealCluster(soakMinutes: number, say: (text: string) => void): Promise<Figure[]> {
  await ensurePayload()
  const world = await openPanelWorld()
  const stop = new AbortController()
  process.removeAllListeners('SIGINT') // the browser's would end this process, and leave the cluster
  process.once('SIGINT', () => {
    stop.abort()
    void world.browser.close()
  })
  try {
    say('a cluster on this computer is made')
    const { operationId } = await world.callPanel('clusters.startLocal', {})
    await world.untilOperationsEnd()
    const { state } = await world.callPanel('operations.get', { operationId })
    if (state !== 'done')
      throw new Error(`the cluster on this computer was not made: its operation is ${state}; see ${world.panel.said.stderr}`)
    say(`the overview is opened, ${visits} times`)
    const paints = await measureFirstPaint(world)
    say(`${jobs} jobs are submitted, one after the other`)
    const pixels = await measureEventToPixel(world)
    say(`the overview is looked at for ${soakMinutes} minutes`)
    return [...paints, ...pixels, ...(await soak(world, soakMinutes, stop.signal))]
  } finally {
    await takeDown(world).catch((error: unknown) => say(`the cluster was not taken down: ${String(error)}`)) // hides no other error
    await world.dispose()
  }
}

/** Where the panel has gone, as after Ctrl-C, another one does it. */
async function takeDown(world: PanelWorld): Promise<void> {
  const ask = () => world.callPanel('clusters.down', { cluster: 'local', force: true })
  try {
    await ask()
  } catch {
    await world.restartPanel()
    await ask()
  }
  await world.untilOperationsEnd()
}

/** In a profile of its own, so nothing is cached and nobody is signed in. */
async function openCold({ browser, panel }: PanelWorld, path: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 800 }, locale: 'en-GB' })
  const page = await context.newPage()
  await page.addInitScript(watchPage)
  await page.goto(`${panel.url}${path}#token=${panel.token}`)
  return page
}

async function measureFirstPaint(world: PanelWorld): Promise<Figure[]> {
  const first: number[] = []
  const whole: number[] = []
  for (let visit = 0; visit < visits; visit += 1) {
    const page = await openCold(world, '/c/local/overview')
    whole.push(await page.evaluate<number>('figuresSeen'))
    first.push(await page.evaluate<number>(`performance.getEntriesByName('first-contentful-paint')[0].startTime`))
    await page.context().close()
  }
  return [
    { what: 'overview, nothing cached: first paint, median', unit: 'ms', value: quantile(first, 0.5) },
    { what: 'overview, nothing cached: its nodes are there, median', unit: 'ms', value: quantile(whole, 0.5), atMost: 1_000 },
    { what: 'overview, nothing cached: its nodes are there, worst', unit: 'ms', value: Math.max(...whole) },
  ]
}

/** For the page: the time of the frame in which the text is in its table. */
const whenSeen = (text: string): string => `new Promise((resolve, reject) => {
  const look = () => document.querySelector('[data-scroller]').textContent.includes('${text}') ? resolve(Date.now()) : requestAnimationFrame(look)
  setTimeout(() => reject(new Error('the jobs do not show ${text} within half a minute')), 30_000)
  look()
})`

/** From before the call until the frame in which the row is in the page: the call itself counts, so the event is younger than this. */
async function measureEventToPixel(world: PanelWorld): Promise<Figure[]> {
  const page = await openCold(world, '/c/local/jobs')
  await page.locator('[data-row]').first().waitFor()
  const fromCall: number[] = []
  const fromAnswer: number[] = []
  for (let job = 0; job < jobs; job += 1) {
    const name = `pixel ${String(job).padStart(3, '0')}`
    const seen = page.evaluate<number>(whenSeen(name))
    seen.catch(() => {}) // awaited below, if the call does not fail before
    const calledMs = Date.now()
    await world.callPanel('jobs.submit', { cluster: 'local', entrypoint: `true # ${name}` })
    const answeredMs = Date.now()
    const seenMs = await seen
    fromCall.push(seenMs - calledMs)
    fromAnswer.push(Math.max(0, seenMs - answeredMs))
    await delay(200 + ((job * 37) % 400)) // not in step with anything that comes at even times
  }
  await page.context().close()
  const what = 'a job is submitted → its row is shown'
  return [
    { what: `${what}, p50`, unit: 'ms', value: quantile(fromCall, 0.5), atMost: 250 },
    { what: `${what}, p95`, unit: 'ms', value: quantile(fromCall, 0.95), atMost: 250 },
    { what: `${what}, after the answer, p50`, unit: 'ms', value: quantile(fromAnswer, 0.5) },
    { what: `${what}, after the answer, p95`, unit: 'ms', value: quantile(fromAnswer, 0.95) },
  ]
}

async function soak(world: PanelWorld, minutes: number, signal: AbortSignal): Promise<Figure[]> {
  const page = await openCold(world, '/c/local/overview')
  await page.evaluate('figuresSeen')
  await delay(settleMs, undefined, { signal })
  const renderer = await PageProcess.of(world.browser, page)
  const start = await renderer.memory()
  const workedBeforeMs = await renderer.workedMs()
  await page.evaluate('longestTaskMs = 0') // the garbage collection that was asked for is not the page's
  const begunMs = performance.now()
  const endsMs = begunMs + minutes * 60_000
  while (performance.now() < endsMs) {
    await world.callPanel('clusters.submitSamples', { cluster: 'local' })
    await delay(Math.min(samplesEveryMs, Math.max(0, endsMs - performance.now())), undefined, { signal })
  }
  const longestMs = await page.evaluate<number>('longestTaskMs')
  const busy = ((await renderer.workedMs()) - workedBeforeMs) / (performance.now() - begunMs)
  const end = await renderer.memory()
  await page.context().close()
  const what = `overview for ${minutes} min`
  return [
    { what: `${what}: objects at the start`, unit: 'MB', value: start.heapMb },
    { what: `${what}: objects at the end`, unit: 'MB', value: end.heapMb },
    { what: `${what}: memory of the renderer at the start`, unit: 'MB', value: start.residentMb },
    { what: `${what}: memory of the renderer at the end`, unit: 'MB', value: end.residentMb, atMost: 600 },
    { what: `${what}: longest task`, unit: 'ms', value: longestMs },
    { what: `${what}: main thread at work`, unit: '%', value: busy * 100 },
  ]
}
