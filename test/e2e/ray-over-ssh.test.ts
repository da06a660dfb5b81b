import type { Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { usualRayVersion } from '#src-main/contract/ray-setup.ts'
import { type Bed, createBed, whyNoBed } from '#test/support/bed/bed.ts'
import {
  findAccessFaultsOfBothThemes,
  openPanelWorld,
  type PanelWorld,
  see,
  tellPagesOfFailures,
  whyNoBrowser,
} from '#test/support/browser/browser.ts'
import { ensurePayload } from '#test/support/payload.ts'
import { findRayWheels, whyNoRayWheels } from '#test/support/ray-wheels.ts'

const missing = whyNoRayWheels() ?? whyNoBrowser() ?? whyNoBed()
const soon = { timeout: 60_000 }
const long = { timeout: 600_000 }

/** From two machines without internet to a job on real Ray, and away again. Each test goes on where the one before stopped. */
describe.skipIf(missing !== undefined)(`a cluster of Ray over SSH, by clicks${missing === undefined ? '' : ` (needs ${missing})`}`, () => {
  let bed: Bed
  let world: PanelWorld
  let page: Page
  let wheels: string
  const hosts = ['n1', 'n2'] as const
  beforeAll(async () => {
    await ensurePayload()
    wheels = findRayWheels(usualRayVersion)
    bed = await createBed({ hosts: hosts.map((name) => ({ name })) })
    world = await openPanelWorld()
    page = await world.open()
  }, 400_000)
  tellPagesOfFailures(() => world)
  const expectAccessible = async () => expect.soft(await findAccessFaultsOfBothThemes(page)).toEqual([])
  afterAll(async () => {
    await world.dispose()
    await bed.close()
  }, 60_000)

  test('Ray is chosen beside our own engine, and what cannot be is told under its field', { timeout: 180_000 }, async () => {
    await page.getByRole('link', { name: 'Build a cluster' }).first().click()
    const line = (name: string) => `user@${bed.host(name).address} name=${name} key=${bed.keyFile}`
    await page.getByLabel('One machine a line, or a list of any kind').fill(hosts.map(line).join('\n'))
    await page.getByRole('button', { name: 'Continue' }).click(soon)
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /Trust and remember all 2 keys/ })
      .click(soon)
    await see(page.getByText('2 of 2 machines fit')).toBeVisible(soon)
    await page.getByRole('button', { name: 'Continue' }).click(soon)
    await page.getByRole('radio', { name: /^Ray/ }).check()
    await page.getByLabel('Version of Ray').fill('2')
    await see(page.getByText('A version, such as 2.58.0.')).toBeVisible()
    await see(page.getByRole('button', { name: 'Continue' })).toBeDisabled()
    await expectAccessible()
    await page.getByLabel('Version of Ray').fill('2.9.3')
    await page.getByRole('button', { name: 'Continue' }).click()
    await see(page.getByText(/2\.9\.3 has no token authentication/)).toBeVisible(soon)
    await page.getByRole('button', { name: 'Back' }).click()
    await page.getByLabel('Version of Ray').fill('')
    await page.getByLabel('Folder of wheels on this computer').fill(wheels)
    await page.getByRole('button', { name: 'Continue' }).click()
  })

  test('its steps are those of every cluster, with Ray among them, until it is there', { timeout: 700_000 }, async () => {
    await see(page.getByText(`--engine ray --wheels ${wheels}`)).toBeVisible(soon)
    await see(page.getByText(/what Ray says there is not encrypted/)).toBeVisible(soon)
    await expectAccessible()
    await page.getByRole('button', { name: /^Create / }).click(soon)
    await page.waitForURL(/\/operations\//, soon)
    await see(page.getByText(`Install Ray ${usualRayVersion}`).first()).toBeVisible(soon)
    const overview = page.getByRole('link', { name: 'Open the overview' })
    await overview.waitFor(long) // it ended, as it should or not
    await see(page.getByRole('heading', { name: 'lab runs' })).toBeVisible()
    await overview.click()
    await see(page.getByText('2 of 2 alive')).toBeVisible(soon)
  })

  test('a folder goes along with a job on it, which runs on the Node that came with us and tells all', { timeout: 180_000 }, async () => {
    const cluster = /\/c\/([^/?]+)/.exec(page.url())?.[1] ?? ''
    await page.goto(`${world.panel.url}/c/${cluster}/submit`)
    await page.getByLabel('Command').fill('node main.mjs')
    await page.getByRole('radio', { name: 'From this computer' }).click()
    await page.locator('input[type=file]').setInputFiles('test/fixtures/job-folder')
    await see(page.getByText(/job-folder: 2 files/)).toBeVisible()
    await page.getByRole('button', { name: 'Submit', exact: true }).click()
    await page.waitForURL(/\/jobs\//, soon)
    await see(page.getByText('the last line of 3')).toBeVisible(soon)
    await see(page.getByText('SUCCEEDED').first()).toBeVisible(soon)
  })

  test('it is taken down after its name was typed, and nothing of it stays on the machines', { timeout: 180_000 }, async () => {
    const cluster = /\/c\/([^/?]+)/.exec(page.url())?.[1] ?? ''
    await page.goto(`${world.panel.url}/c/${cluster}/manage`)
    await see(page.getByText(`Ray ${usualRayVersion}, with python3`)).toBeVisible(soon)
    await page
      .getByRole('button', { name: /Take down/ })
      .first()
      .click(soon)
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox').fill(cluster)
    await dialog.getByRole('button', { name: /Take down/ }).click(soon)
    await page.waitForURL(/\/operations\//, soon)
    await world.untilOperationsEnd()
    for (const host of bed.hosts) {
      expect(host.listChanges()).toEqual([])
      expect(host.processes()).toEqual([])
    }
  })
})
