import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AxeBuilder } from '@axe-core/playwright'
import { type Browser, type BrowserContextOptions, chromium, expect, type Page } from '@playwright/test'
import type { GivenInput, Method, Output } from '#src-main/contract/panel.ts'
import { afterEach } from 'vitest'
import { type PanelProcess, startPanelProcess } from '../panel-process.ts'
import { repository } from '../../tidy/repository-files.ts'

const program = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-sync']

/** Playwright's own way to wait for what is seen; the machine may be busy with other tests. */
export const see = expect.configure({ timeout: 20_000 })

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
  /** Requests that got no answer, and why. */
  readonly lost: readonly string[]
  restartPanel(): Promise<void>
  /** As a program calls the panel. @throws Error what it refused */
  callPanel<M extends Method>(method: M, input: GivenInput<M>): Promise<Output<M>>
  untilOperationsEnd(): Promise<void>
  /** Addresses of one of each kind of thing that the cluster `local` has. */
  someIds(): Promise<string[]>
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
  const lost: string[] = []
  return {
    get panel() {
      return panel
    },
    home,
    browser,
    complaints,
    lost,
    async open(path = '/', { isStranger = false, ...options } = {}) {
      const context = await browser.newContext({ viewport: { width: 1_280, height: 800 }, locale: 'en-GB', ...options })
      const page = await context.newPage()
      page.on('requestfailed', (request) => {
        const reason = request.failure()?.errorText ?? ''
        if (reason !== 'net::ERR_ABORTED') lost.push(`${request.url()}: ${reason}`) // the page itself went elsewhere
      })
      page.on('pageerror', (error) => complaints.push(`${error.message}\n${error.stack ?? ''}`))
      page.on('console', (message) => {
        // The browser itself logs each request that is refused or lost; what the page makes of that is looked at.
        if (message.type() === 'error' && !/net::ERR_|Failed to load resource|WebSocket connection/.test(message.text()))
          complaints.push(message.text())
      })
      await page.goto(isStranger ? `${panel.url}${path}` : `${panel.url}${path}#token=${panel.token}`)
      if (!isStranger) await page.waitForFunction(() => localStorage.getItem('shoal-page-key') !== null)
      return page
    },
    callPanel: (method, input) => callPanel(panel, method, input),
    async untilOperationsEnd() {
      while ((await callPanel(panel, 'operations.list', {})).some(({ state }) => state === 'running')) await delay(200)
    },
    async someIds() {
      const kinds = [
        ['nodes', 'pageNodes', 'node_id'],
        ['jobs', 'listShoalJobs', 'id'],
        ['tasks', 'pageTasks', 'task_id'],
        ['actors', 'pageActors', 'actor_id'],
        ['placement-groups', 'pagePlacementGroups', 'placement_group_id'],
        ['workers', 'pageWorkers', 'worker_id'],
        ['objects', 'pageObjects', 'object_id'],
      ] as const
      const paths = await Promise.all(
        kinds.map(async ([kind, route, column]) => {
          const { body } = await callPanel(panel, 'api.read', { cluster: 'local', route, query: { limit: 1 } })
          const { rows } = body as { rows: Record<string, unknown>[] } // parsed by the host
          return rows.map((row) => `${kind}/${String(row[column])}`)
        }),
      )
      return paths.flat()
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

/** Prints what the open pages show when a test of this block failed, as nobody saw them. */
export function tellPagesOfFailures(world: () => PanelWorld): void {
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return
    for (const page of world()
      .browser.contexts()
      .flatMap((context) => context.pages())) {
      const text = await page.locator('body').innerText({ timeout: 5_000 }).catch(String)
      process.stderr.write(`\n${page.url()} shows:\n${text.slice(0, 3_000)}\n`)
    }
    process.stderr.write(`complaints: ${JSON.stringify(world().complaints)}\nlost: ${JSON.stringify(world().lost)}\n`)
  })
}

async function callPanel<M extends Method>({ url, token }: PanelProcess, method: M, input: GivenInput<M>): Promise<Output<M>> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const answer = await fetch(`${url}/call/${method}`, { method: 'POST', headers, body: JSON.stringify(input) })
  const { output, error } = (await answer.json()) as { output: Output<M>; error?: { code: string; message: string } } // as the web skin answers
  if (error) throw new Error(`${method}: ${error.code}: ${error.message}`)
  return output
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

/** The same in both themes, one after the other, as the page follows the system. */
export async function findAccessFaultsOfBothThemes(page: Page): Promise<string[]> {
  const faults: string[] = []
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme })
    await see(page.locator('html')).toHaveAttribute('data-theme', colorScheme)
    for (const fault of await findAccessFaults(page)) faults.push(`${colorScheme}: ${fault}`)
  }
  return faults
}
