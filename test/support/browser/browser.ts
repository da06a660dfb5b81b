import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { type Browser, type BrowserContextOptions, chromium, type Page } from '@playwright/test'
import { type PanelProcess, startPanelProcess } from '../panel-process.ts'
import { repository } from '../../tidy/repository-files.ts'

const program = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-sync']

/** Why no test can be made with a browser here, as what is missing; undefined when one can. */
export const whyNoBrowser = (): string | undefined => (existsSync(program) ? undefined : 'chromium (Debian: apt-get install chromium)')

export const launchBrowser = (): Promise<Browser> => chromium.launch({ executablePath: program, args: flags })

/** A panel as a person starts it, with a home and data folder of its own, and a browser beside it. */
export type PanelWorld = {
  readonly panel: PanelProcess
  readonly home: string
  readonly browser: Browser
  /** A new window, signed in by the printed link unless `isStranger`, that fails the test when its page throws. */
  open(path?: string, options?: BrowserContextOptions & { isStranger?: boolean }): Promise<Page>
  /** What pages threw or logged as errors; a test that expects some takes them out. */
  readonly complaints: string[]
  restartPanel(): Promise<void>
  dispose(): Promise<void>
}

export async function openPanelWorld(env: NodeJS.ProcessEnv = {}): Promise<PanelWorld> {
  const home = mkdtempSync(join(tmpdir(), 'shoal-e2e-'))
  mkdirSync(join(home, 'panel'))
  const start = () =>
    startPanelProcess({ env: { ...process.env, HOME: home, SHOAL_PANEL_HOME: join(home, 'panel'), ...env }, cwd: repository })
  const [browser, first] = await Promise.all([launchBrowser(), start()])
  let panel = first
  const complaints: string[] = []
  return {
    get panel() {
      return panel
    },
    home,
    browser,
    complaints,
    async open(path = '/', { isStranger = false, ...options } = {}) {
      const context = await browser.newContext({ viewport: { width: 1_280, height: 800 }, locale: 'en-GB', ...options })
      const page = await context.newPage()
      page.on('pageerror', (error) => complaints.push(`${error.message}\n${error.stack ?? ''}`))
      page.on('console', (message) => {
        // The browser itself logs each request that is refused or lost; what the page makes of that is looked at.
        if (message.type() === 'error' && !/net::ERR_|Failed to load resource|WebSocket connection/.test(message.text()))
          complaints.push(message.text())
      })
      await page.goto(isStranger ? `${panel.url}${path}` : `${panel.url}${path}#token=${panel.token}`)
      return page
    },
    async restartPanel() {
      await panel.end('SIGKILL')
      panel = await start()
    },
    async dispose() {
      await browser.close()
      await panel.end('SIGINT')
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** What breaks WCAG 2.2 A or AA on a page as it is shown now, a line each. */
export async function findAccessFaults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
  return violations.flatMap(({ id, nodes }) =>
    nodes
      .slice(0, 5)
      .map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} — ${(failureSummary ?? '').replaceAll('\n', ' ').slice(0, 300)}`),
  )
}
