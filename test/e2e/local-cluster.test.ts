import { readFileSync } from 'node:fs'
import type { Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findAccessFaults, openPanelWorld, type PanelWorld, see, tellPagesOfFailures, whyNoBrowser } from '#test/support/browser/browser.ts'
import { ensurePayload } from '#test/support/payload.ts'

const missing = whyNoBrowser()
const soon = { timeout: 30_000 }

/** From the first click on: one cluster on this computer, looked at as its user does. The tests go on where the one before stopped. */
describe.skipIf(missing !== undefined)(`a cluster on this computer${missing === undefined ? '' : ` (skipped: no ${missing})`}`, () => {
  let world: PanelWorld
  let page: Page
  const go = (path: string) => page.goto(`${world.panel.url}${path}`)
  beforeAll(async () => {
    await ensurePayload()
    world = await openPanelWorld()
    page = await world.open()
  }, 240_000)
  tellPagesOfFailures(() => world)
  afterAll(async () => {
    await world.callPanel('clusters.down', { cluster: 'local', force: true }).catch(() => {})
    await world.untilOperationsEnd()
    await world.dispose()
  }, 120_000)

  test('one click makes a cluster, shows each step, and leads to it', async () => {
    await page.getByRole('button', { name: 'Try it on this machine' }).click()
    await page.waitForURL(/\/operations\//)
    await page
      .getByRole('link', { name: /overview/i })
      .first()
      .click({ timeout: 120_000 })
    await page.waitForURL(/\/c\/local/)
    await see(page.getByText('3 of 3 alive')).toBeVisible(soon)
  })

  test('the overview shows what runs, what waits and why, and the nodes', async () => {
    await see(page.getByRole('link', { name: 'node pi.ts' }).first()).toBeVisible(soon)
    await see(page.getByText(/no node .* can ever hold/).first()).toBeVisible(soon)
    await see(page.getByRole('heading', { name: 'Latest events' })).toBeVisible()
  })

  test('jobs are filtered by their status, and the address says so', async () => {
    await go('/c/local/jobs')
    await page.getByRole('radio', { name: 'Failed' }).click()
    await page.waitForURL(/filter=status%3Aeq%3AFAILED/)
    await see(page.getByRole('link', { name: 'node failure.ts' })).toBeVisible(soon)
    await see(page.getByText('1 of', { exact: false }).first()).toBeVisible()
    await page.reload()
    await see(page.getByRole('link', { name: 'node failure.ts' })).toBeVisible(soon)
    await see(page.getByRole('link', { name: 'node pi.ts' })).toHaveCount(0)
  })

  test('the log of a job is what its page shows first, down to the last line', async () => {
    await page.getByRole('link', { name: 'node failure.ts' }).click()
    await see(page.getByText(/Error:|failed/).first()).toBeVisible(soon)
    await see(page.getByRole('tab', { name: 'Log' })).toHaveAttribute('aria-selected', 'true')
  })

  test('a failed task shows its error below its row, and on its page', async () => {
    await go('/c/local/tasks?filter=state:eq:FAILED')
    await see(page.getByRole('link').filter({ hasText: /\w/ }).first()).toBeVisible(soon)
    const row = page.getByRole('row').filter({ hasText: 'FAILED' }).first()
    await row.getByRole('link').first().click()
    await page.waitForURL(/\/tasks\/[0-9a-f]{48}/)
    await see(page.getByLabel('Error').first()).toBeVisible(soon)
  })

  test('a task that no node can take says why, node by node', async () => {
    await go('/c/local/tasks?filter=state:eq:PENDING_NODE_ASSIGNMENT')
    await page.getByRole('row').filter({ hasText: '1 GPU' }).first().getByRole('link').first().click(soon)
    await see(page.getByText('No node can ever take it as things are.')).toBeVisible(soon)
    await see(page.getByRole('cell', { name: /too small/ }).first()).toBeVisible()
  })

  test('a job is submitted by the form after a dry run, and its output comes', async () => {
    await go('/c/local/submit')
    await page.getByRole('button', { name: 'Submit', exact: true }).click()
    await see(page.getByText('Give a command.').first()).toBeVisible()
    await page.getByLabel('Command').fill('echo "hello from $GREETING"; echo done')
    await page.getByRole('textbox', { name: 'Environment variables' }).fill('GREETING=the form')
    await see(page.getByText('Fits now')).toBeVisible(soon)
    await see(page.getByLabel('The same in a terminal')).toContainText('shoal job submit')
    await page.getByRole('button', { name: 'Submit', exact: true }).click()
    await page.waitForURL(/\/jobs\//, soon)
    await see(page.getByText('hello from the form')).toBeVisible(soon)
    await see(page.getByText('SUCCEEDED').first()).toBeVisible(soon)
  })

  test('a job is stopped after its effect was shown', async () => {
    await go('/c/local/jobs?filter=entrypoint:contains:counters')
    await page.getByRole('link', { name: 'node counters.ts' }).click(soon)
    await page.getByRole('button', { name: 'Stop…' }).click()
    const dialog = page.getByRole('dialog')
    await see(dialog.getByText('This ends')).toBeVisible(soon)
    await dialog.getByRole('button', { name: 'Stop job' }).click()
    await see(page.getByText('STOPPED').first()).toBeVisible(soon)
  })

  test('what happens outside shows without being asked for', async () => {
    await go('/c/local/jobs')
    await see(page.getByRole('link', { name: 'node pi.ts' })).toBeVisible(soon)
    await world.callPanel('jobs.submit', { cluster: 'local', entrypoint: 'sleep 60 # told by nobody' })
    await see(page.getByRole('link', { name: /told by nobody/ })).toBeVisible({ timeout: 5_000 })
  })

  test('rows go out as CSV, all that pass the filter', async () => {
    await go('/c/local/jobs?filter=status:eq:FAILED')
    await see(page.getByRole('link', { name: 'node failure.ts' })).toBeVisible(soon)
    await page.getByRole('button', { name: /export|download/i }).click()
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: /CSV/ }).last().click()])
    const text = readFileSync(await download.path(), 'utf8')
    expect(text.split('\n')[0]).toContain('entrypoint')
    expect(text).toContain('node failure.ts')
    expect(text).not.toContain('node pi.ts')
  })

  test('a terminal opens on a node', async () => {
    await page.goto(`${world.panel.url}/c/local/nodes`)
    await page.getByRole('link', { name: 'this-computer' }).first().click(soon)
    await page.getByRole('link', { name: 'Terminal', exact: true }).click(soon)
    await page.locator('.xterm').click(soon)
    await page.keyboard.type('echo $((6*7))-is-it\n')
    await see(page.locator('.xterm-rows')).toContainText('42-is-it', soon)
  })

  test.each(['light', 'dark'] as const)(
    'no page of the cluster breaks a rule of accessibility, in %s',
    async (colorScheme) => {
      const looked = await world.open('/', { colorScheme })
      const ids = await world.someIds()
      const pages = [
        ...[
          'overview',
          'nodes',
          'jobs',
          'tasks',
          'actors',
          'placement-groups',
          'workers',
          'objects',
          'timeline',
          'logs',
          'events',
          'manage',
          'submit',
        ],
        ...ids,
      ]
      for (const path of pages) {
        await looked.goto(`${world.panel.url}/c/local/${path}`)
        await see(looked.getByRole('heading', { level: 1 })).toBeVisible()
        await see(looked.locator('.animate-pulse-soft')).toHaveCount(0) // what stands in until lists and charts have come; axe looks at what is there
        expect.soft({ path, faults: await findAccessFaults(looked) }).toEqual({ path, faults: [] })
      }
      await looked.context().close()
    },
    600_000, // axe takes its time on a busy machine
  )

  test('at 800 pixels nothing lies outside of the window', async () => {
    const narrow = await world.open('/c/local/overview', { viewport: { width: 800, height: 700 } })
    for (const path of ['overview', 'tasks', 'submit', 'logs', 'timeline']) {
      await narrow.goto(`${world.panel.url}/c/local/${path}`)
      await see(narrow.getByRole('heading', { level: 1 })).toBeVisible()
      const over = await narrow.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')
      expect({ path, over }).toEqual({ path, over: 0 })
    }
    await narrow.context().close()
  })

  test('no page threw or logged an error', () => {
    expect(world.complaints).toEqual([])
  })
})
