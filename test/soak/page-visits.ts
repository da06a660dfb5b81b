import { setTimeout as delay } from 'node:timers/promises'
import type { Page } from '@playwright/test'
import { toError } from '#runtime/base/errors.ts'
import { PageProcess } from '../bench/ui/page-process.ts'
import type { Measures } from './measures.ts'
import { clusterName, type SoakCluster } from './soak-cluster.ts'

const round = ['jobs', 'logs', 'nodes', 'tasks', 'overview', 'events', 'actors', 'jobs', 'overview'] as const
const stayMs = 6_000
/** On a machine that is busy with other things too. */
const patienceMs = 120_000

/** A person who goes from page to page by the links at the side. The page is never loaded anew: what it forgets to let go of stays. */
export async function visitPages(
  cluster: SoakCluster,
  measures: Measures,
  signal: AbortSignal,
): Promise<{ visits: number; failures: string[] }> {
  const page = await cluster.world.open(`/c/${clusterName}/overview`)
  const renderer = await PageProcess.of(cluster.world.browser, page)
  const failures: string[] = []
  let visits = 0
  while (!signal.aborted) {
    for (const [at, place] of round.entries()) {
      if (signal.aborted) break
      await visit(page, place).catch((error: unknown) => {
        if (!signal.aborted) failures.push(`${place}: ${toError(error).message.slice(0, 500)}`)
      })
      visits += 1
      await delay(stayMs, undefined, { signal }).catch(() => {}) // called off
      if (place === 'overview' && at === round.length - 1 && !signal.aborted) await read({ page, renderer }, measures)
    }
  }
  return { visits, failures }
}

async function visit(page: Page, place: string): Promise<void> {
  await page.locator(`nav a[href^="/c/${clusterName}/${place}"]`).first().click({ timeout: patienceMs })
  await page.waitForURL(new RegExp(`/c/${clusterName}/${place}`), { timeout: patienceMs })
  await page.getByRole('heading').first().waitFor({ timeout: patienceMs })
}

/** In the page: everything of its document, texts too. */
const countNodes = `(() => {
  const walker = document.createTreeWalker(document)
  let count = 1
  while (walker.nextNode()) count += 1
  return count
})()`

/** Always on the same page. */
async function read({ page, renderer }: { page: Page; renderer: PageProcess }, measures: Measures): Promise<void> {
  const { heapMb, residentMb } = await renderer.memory()
  const shown = await page.evaluate<number>(countNodes)
  const { nodes, listeners } = await renderer.counts()
  measures.add('page: objects, MB', heapMb, 'page')
  measures.add('page: memory, MB', residentMb, 'page')
  measures.add('page: hidden elements', nodes - shown, 'page')
  measures.add('page: listeners', listeners, 'page')
}
