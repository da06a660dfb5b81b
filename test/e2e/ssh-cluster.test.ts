import type { Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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

const missing = whyNoBrowser() ?? whyNoBed()
const soon = { timeout: 30_000 }
const long = { timeout: 180_000 }

/** From pasted hosts to the last line of a job's log, and away again. Each test goes on where the one before stopped. */
describe.skipIf(missing !== undefined)(
  `a cluster of machines over SSH, by clicks${missing === undefined ? '' : ` (skipped: no ${missing})`}`,
  () => {
    let bed: Bed
    let world: PanelWorld
    let page: Page
    const hosts = ['n1', 'n2', 'n3'] as const
    beforeAll(async () => {
      await ensurePayload()
      bed = await createBed({ hosts: hosts.map((name) => ({ name })) })
      world = await openPanelWorld()
      page = await world.open()
    }, 240_000)
    tellPagesOfFailures(() => world)
    const expectAccessible = async () => expect.soft(await findAccessFaultsOfBothThemes(page)).toEqual([])
    afterAll(async () => {
      await world.dispose()
      await bed.close()
    }, 60_000)

    test('hosts are pasted, and a line that cannot be read is told beside it', async () => {
      await page.getByRole('link', { name: 'Build a cluster' }).first().click()
      await see(page.getByRole('heading', { name: 'New cluster' })).toBeVisible()
      const line = (name: string) => `user@${bed.host(name).address} name=${name} key=${bed.keyFile}`
      await page.getByLabel('One machine a line, or a list of any kind').fill([...hosts.map(line), 'user@'].join('\n'))
      await see(page.getByText('1 line needs a look')).toBeVisible(soon)
      await page.getByLabel('One machine a line, or a list of any kind').fill(hosts.map(line).join('\n'))
      await see(page.getByText('3 machines', { exact: true }).first()).toBeVisible(soon)
      await expectAccessible()
      await page.getByRole('button', { name: 'Continue' }).click()
    })

    test('their keys are shown before anything is sent, and all are trusted at once', async () => {
      const dialog = page.getByRole('dialog')
      await see(dialog.getByText(/SHA256:/).first()).toBeVisible(soon)
      await see(dialog.getByText('3 new host keys')).toBeVisible(soon)
      await expectAccessible()
      await dialog.getByRole('button', { name: /Trust and remember all 3 keys/ }).click()
      await see(dialog).toHaveCount(0)
      await see(page.getByText('3 of 3 machines fit')).toBeVisible(long)
      await see(page.getByText('Everybody reaches everybody.')).toBeVisible(long)
      await expectAccessible()
    })

    test('the plan says what happens on each machine, and the same for a terminal', { timeout: 120_000 }, async () => {
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.getByLabel('Name of the cluster').fill('Not A Name')
      await see(page.getByText('Small letters, digits and dashes between them only.')).toBeVisible()
      await expectAccessible()
      await page.getByLabel('Name of the cluster').fill('lab')
      await page.getByRole('button', { name: 'Continue' }).click()
      await see(page.getByText(/shoal cluster create lab/).first()).toBeVisible(long)
      await expectAccessible()
      await page.getByRole('button', { name: /Create lab/ }).click(long)
      await page.waitForURL(/\/operations\//, long)
    })

    test('each step is seen on each machine, also after the page was loaded again, until the cluster is there', async () => {
      await see(page.getByText('n3').first()).toBeVisible(soon)
      await page.reload()
      await see(page.getByText('n3').first()).toBeVisible(soon)
      await expectAccessible()
      await see(page.getByRole('link', { name: 'Open the overview' })).toBeVisible(long)
      await expectAccessible()
      await page.getByRole('link', { name: 'Open the overview' }).click(long)
      await page.waitForURL(/\/c\/lab/)
      await see(page.getByText('3 of 3 alive')).toBeVisible(soon)
    })

    test('a folder goes along with a job, which runs and tells all to its last line', async () => {
      await page.goto(`${world.panel.url}/c/lab/submit`)
      await page.getByLabel('Command').fill('node main.mjs')
      await page.getByRole('radio', { name: 'From this computer' }).click()
      await page.locator('input[type=file]').setInputFiles('test/fixtures/job-folder')
      await see(page.getByText(/job-folder: 2 files/)).toBeVisible()
      await page.getByRole('button', { name: 'Submit', exact: true }).click()
      await page.waitForURL(/\/jobs\//, soon)
      await see(page.getByText('the last line of 3')).toBeVisible(soon)
      await see(page.getByText('SUCCEEDED').first()).toBeVisible(soon)
    })

    test('a lost connection shows, and the page is live again by itself', async () => {
      await page.goto(`${world.panel.url}/c/lab/nodes`)
      await see(page.getByRole('link', { name: 'n2' })).toBeVisible(soon)
      bed.host('n1').cutLink()
      await see(page.getByText(/does not answer/)).toBeVisible(long)
      await see(page.getByRole('link', { name: 'n2' })).toBeVisible()
      bed.host('n1').restoreLink()
      await see(page.getByText(/does not answer/)).toHaveCount(0, long)
    })

    test('a machine has its facts, its checks and its tags in a panel beside the list, which closes by its key', async () => {
      await page.goto(`${world.panel.url}/machines`)
      await page.getByRole('row').filter({ hasText: 'n2' }).getByRole('link', { name: 'n2' }).click(soon)
      const aside = page.getByRole('complementary')
      await see(aside.getByRole('heading', { name: 'n2' })).toBeVisible()
      await expectAccessible()
      await page.keyboard.press('Escape')
      await see(aside).toHaveCount(0)
    })

    test('it is taken down after its name was typed, and stays as a record that can be read', async () => {
      await page.goto(`${world.panel.url}/c/lab/manage`)
      await page
        .getByRole('button', { name: /Take down/ })
        .first()
        .click(soon)
      const dialog = page.getByRole('dialog')
      const down = dialog.getByRole('button', { name: /Take down/ })
      await see(down).toBeDisabled()
      await see(dialog.locator('.animate-pulse-soft')).toHaveCount(0, soon)
      await expectAccessible()
      await dialog.getByRole('textbox').fill('lab')
      await down.click(soon)
      await page.waitForURL(/\/operations\//, soon)
      await world.untilOperationsEnd()
      await page.goto(`${world.panel.url}/c/lab/jobs`)
      await see(page.getByRole('link', { name: 'node main.mjs' })).toBeVisible(soon)
      expect(world.complaints).toEqual([])
    })
  },
)
