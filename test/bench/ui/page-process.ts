import { readFileSync } from 'node:fs'
import type { Browser, CDPSession, Page } from '@playwright/test'

const megabyte = 1_000_000

/** The process of a page, read over the browser's debugging protocol. The page must be the only one of the browser. */
export class PageProcess {
  readonly #browser: Browser
  readonly #session: CDPSession

  private constructor(browser: Browser, session: CDPSession) {
    this.#browser = browser
    this.#session = session
  }

  static async of(browser: Browser, page: Page): Promise<PageProcess> {
    const session = await page.context().newCDPSession(page)
    await session.send('Performance.enable')
    return new PageProcess(browser, session)
  }

  /** After a garbage collection, in MB: objects of JavaScript, and all that the process holds (NaN where the system does not tell). */
  async memory(): Promise<{ readonly heapMb: number; readonly residentMb: number }> {
    await this.#session.send('HeapProfiler.enable')
    for (let round = 0; round < 2; round += 1) await this.#session.send('HeapProfiler.collectGarbage')
    await this.#session.send('HeapProfiler.disable')
    return { heapMb: (await this.#metric('JSHeapUsedSize')) / megabyte, residentMb: await this.#residentMb() }
  }

  /** How long the main thread has worked on tasks since the page began, in ms. */
  async workedMs(): Promise<number> {
    return (await this.#metric('TaskDuration')) * 1_000
  }

  /** Nodes of documents and listeners that are held, also by what is not shown any more. */
  async counts(): Promise<{ readonly nodes: number; readonly listeners: number }> {
    return { nodes: await this.#metric('Nodes'), listeners: await this.#metric('JSEventListeners') }
  }

  async #metric(wanted: string): Promise<number> {
    const { metrics } = await this.#session.send('Performance.getMetrics')
    return metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN
  }

  /** A browser keeps an empty renderer at hand: the page's is the larger one. */
  async #residentMb(): Promise<number> {
    const session = await this.#browser.newBrowserCDPSession()
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    await session.detach()
    return Math.max(...processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => residentMbOf(id)))
  }
}

function residentMbOf(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
    return (Number(kilobytes) * 1_024) / megabyte
  } catch {
    return Number.NaN // a system without /proc
  }
}
