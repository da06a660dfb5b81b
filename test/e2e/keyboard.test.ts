import type { Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPanelWorld, type PanelWorld, see, tellPagesOfFailures, whyNoBrowser } from '#test/support/browser/browser.ts'
import { ensurePayload } from '#test/support/payload.ts'

const missing = whyNoBrowser()
const soon = { timeout: 60_000 }

/** Presses Tab until what has the focus is called so. */
async function tabTo(page: Page, role: 'button' | 'link' | 'textbox', name: RegExp): Promise<void> {
  const wanted = page.getByRole(role, { name }).first()
  await wanted.waitFor(soon)
  for (let presses = 0; presses < 120; presses += 1) {
    if ((await wanted.and(page.locator(':focus')).count()) > 0) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not get to the ${role} ${String(name)}`)
}

/** No test here touches the pointer. */
describe.skipIf(missing !== undefined)(`with the keyboard alone${missing === undefined ? '' : ` (skipped: no ${missing})`}`, () => {
  let world: PanelWorld
  let page: Page
  const press = async (...keys: readonly string[]) => {
    for (const key of keys) await page.keyboard.press(key)
  }
  beforeAll(async () => {
    await ensurePayload()
    world = await openPanelWorld()
    page = await world.open()
  }, 240_000)
  tellPagesOfFailures(() => world)
  afterAll(async () => {
    await world.callPanel('clusters.down', { cluster: 'local', force: true })
    await world.untilOperationsEnd()
    await world.dispose()
  }, 120_000)

  test('a cluster is made', async () => {
    await tabTo(page, 'button', /Try it on this machine/)
    await press('Enter')
    await page.waitForURL(/\/operations\//, soon)
    await tabTo(page, 'link', /overview/i)
    await press('Enter')
    await page.waitForURL(/\/c\/local/)
    await see(page.getByText('3 of 3 alive')).toBeVisible(soon)
  })

  test('a job is submitted, and its log is read', async () => {
    await press('Control+k')
    await page.keyboard.type('submit')
    await see(page.getByRole('option', { name: /Submit a job/, selected: true })).toBeVisible(soon)
    await press('Enter')
    await page.waitForURL(/\/submit/)
    await tabTo(page, 'textbox', /Command/)
    await page.keyboard.type('echo by-keys-alone')
    await tabTo(page, 'button', /^Submit$/)
    await press('Enter')
    await page.waitForURL(/\/jobs\//, soon)
    await see(page.getByRole('log').getByText('by-keys-alone', { exact: true })).toBeVisible(soon)
  })

  test('a list is filtered, a row opened, and a running job stopped', async () => {
    await press('g', 'j')
    await page.waitForURL(/\/jobs$/)
    await see(page.getByRole('link', { name: 'node pi.ts' })).toBeVisible(soon)
    await press('/')
    await page.keyboard.type('pi.ts')
    await see(page.getByText('1 of', { exact: false }).first()).toBeVisible(soon)
    await press('Enter')
    await tabTo(page, 'link', /node pi\.ts/).catch(async () => press('ArrowDown'))
    await press('Enter')
    await page.waitForURL(/\/jobs\/sample-pi/, soon)
    await tabTo(page, 'button', /Stop…/)
    await press('Enter')
    await see(page.getByRole('dialog')).toBeVisible()
    await tabTo(page, 'button', /Stop job/)
    await see(page.getByRole('dialog').getByRole('button', { name: 'Stop job' })).toBeEnabled(soon)
    await press('Enter')
    await see(page.getByText('STOPPED').first()).toBeVisible(soon)
  })

  test('a dialog gives the focus back when it closes', async () => {
    await press('?')
    await see(page.getByRole('dialog')).toBeVisible()
    await press('Escape')
    await see(page.getByRole('dialog')).toHaveCount(0)
    expect(world.complaints).toEqual([])
  })
})
