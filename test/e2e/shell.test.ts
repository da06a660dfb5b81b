import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findAccessFaults, openPanelWorld, type PanelWorld, see, tellPagesOfFailures, whyNoBrowser } from '#test/support/browser/browser.ts'

const missing = whyNoBrowser()

describe.skipIf(missing !== undefined)(`the page around the pages${missing === undefined ? '' : ` (skipped: no ${missing})`}`, () => {
  let world: PanelWorld
  beforeAll(async () => void (world = await openPanelWorld()), 60_000)
  tellPagesOfFailures(() => world)
  afterAll(() => world.dispose())

  test('the printed link signs in, is gone from the address, and the page is live', async () => {
    const page = await world.open()
    await see(page.getByRole('status').getByText('Live', { exact: true })).toBeVisible()
    expect(page.url()).toBe(`${world.panel.url}/`)
    await page.reload()
    await see(page.getByText('Live', { exact: true })).toBeVisible()
    await page.context().close()
  })

  test('without the link one is told how to get in, and nothing else', async () => {
    const page = await world.open('/machines', { isStranger: true })
    await see(page.getByRole('heading', { name: 'Not signed in' })).toBeVisible()
    await see(page.getByRole('navigation')).toHaveCount(0)
    await page.context().close()
  })

  test('every page of the panel is reached by two keys, and ? lists them', async () => {
    const page = await world.open()
    await see(page.getByText('Live', { exact: true })).toBeVisible()
    for (const [keys, path] of [
      ['gm', '/machines'],
      ['gp', '/operations'],
      ['gx', '/terminals'],
      ['gs', '/settings'],
      ['gh', '/'],
    ] as const) {
      for (const key of keys) await page.keyboard.press(key)
      await page.waitForURL((url) => url.pathname === path)
    }
    await page.keyboard.press('?')
    const dialog = page.getByRole('dialog', { name: 'Keyboard' })
    await see(dialog.getByText('Go to Machines')).toBeVisible()
    await page.keyboard.press('Escape')
    await see(dialog).toHaveCount(0)
    await page.context().close()
  })

  test('the palette opens by its key, finds a page by a few letters, and goes there', async () => {
    const page = await world.open()
    await see(page.getByText('Live', { exact: true })).toBeVisible()
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox').fill('setti')
    await see(page.getByRole('option', { name: 'Settings', selected: true })).toBeVisible()
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/settings$/)
    await see(page.getByRole('heading', { name: 'Settings', level: 1 })).toBeVisible()
    await page.context().close()
  })

  test('theme and language change at once and are kept', async () => {
    const page = await world.open('/settings')
    await page.getByRole('radio', { name: 'Dark' }).click()
    await see(page.locator('html')).toHaveAttribute('data-theme', 'dark')
    await page.getByLabel('Language').selectOption('ja')
    await see(page.getByRole('heading', { name: '設定', level: 1 })).toBeVisible()
    await page.reload()
    await see(page.getByRole('heading', { name: '設定', level: 1 })).toBeVisible()
    await see(page.locator('html')).toHaveAttribute('data-theme', 'dark')
    await see(page.locator('html')).toHaveAttribute('lang', 'ja')
    await page.context().close()
  })

  test('files of the page that are lost on their way are asked for again; when the panel gives none, the page says so', async () => {
    const page = await world.open('/', { isStranger: true })
    const lost: string[] = []
    await page.route(/\/(session|assets\/(app|machines-page)-.*\.js)$/, async (route) => {
      const { pathname } = new URL(route.request().url())
      if (lost.includes(pathname)) return route.continue()
      lost.push(pathname)
      await route.abort('internetdisconnected')
    })
    await page.goto(`${world.panel.url}/machines#token=${world.panel.token}`)
    await see(page.getByRole('heading', { name: 'Machines', level: 1 })).toBeVisible()
    expect(lost).toHaveLength(3)

    await page.route(/\/assets\/app-/, (route) => route.abort('internetdisconnected'))
    await page.reload()
    await see(page.getByRole('alert')).toContainText('load the page again')
    world.complaints.length = 0 // the router tells of the file that was lost
    await page.context().close()
  })

  test('a panel that goes away shows as reconnecting, and one that comes back as another one asks to sign in', async () => {
    const page = await world.open()
    await see(page.getByText('Live', { exact: true })).toBeVisible()
    await world.restartPanel()
    await see(page.getByText(/Reconnecting|Not signed in/).first()).toBeVisible({ timeout: 20_000 })
    await page.context().close()
  })

  test('an address that leads nowhere says so, and a cluster that is not there too', async () => {
    const page = await world.open('/nowhere')
    await see(page.getByRole('heading', { name: 'There is no such page' })).toBeVisible()
    await page.goto(`${world.panel.url}/c/none/jobs`)
    await see(page.getByRole('heading', { name: 'There is no cluster called none' })).toBeVisible()
    await see(page.getByRole('navigation').getByRole('link', { name: 'Jobs' })).toHaveCount(0)
    await page.context().close()
  })

  test.each(['light', 'dark'] as const)('the pages without a cluster break no rule of accessibility, in %s', async (colorScheme) => {
    const page = await world.open('/', { colorScheme })
    await see(page.getByText('Live', { exact: true })).toBeVisible()
    for (const path of ['/', '/machines', '/operations', '/terminals', '/settings', '/clusters/new']) {
      await page.goto(`${world.panel.url}${path}`)
      await see(page.getByRole('heading', { level: 1 })).toBeVisible()
      expect({ path, faults: await findAccessFaults(page) }).toEqual({ path, faults: [] })
    }
    await page.context().close()
  })

  test('no page threw or logged an error', () => {
    expect(world.complaints).toEqual([])
  })
})
