import { cpSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { toError } from '#runtime/base/errors.ts'
import { ExampleFolder } from '#test/examples/example-folder.ts'
import { type Bed, createBed, whyNoBed } from '#test/support/bed/bed.ts'
import { see } from '#test/support/browser/browser.ts'
import { ensurePayload } from '#test/support/payload.ts'
import { pidsOf } from '#test/support/processes-of.ts'

/** A window of a panel that somebody has just opened for the first time. */
export type StoryWindow = {
  readonly page: Page
  /** The home of that user; what works for them has it in its command line. */
  readonly home: string
  /** What went wrong in the page without showing. */
  complaints(): readonly string[]
  /** Closes the window and ends the panel. */
  end(): Promise<void>
  /** Removes what the test itself made. */
  dispose(): Promise<void>
}

type Story = {
  readonly title: string
  /** What it cannot be told without, beside hosts. */
  readonly missing: string | undefined
  open(): Promise<StoryWindow>
}

const soon = { timeout: 60_000 }
const long = { timeout: 240_000 }
const hosts = ['n1', 'n2', 'n3', 'n4'] as const
const combinations = 108
const words = ['--folds', '4']

/** From four pasted hosts to none, as a person goes through it: by clicks alone, in one window. Each step goes on where the one before stopped. */
export function tellWholeStory({ title, missing: missingWindow, open }: Story): void {
  const missing = missingWindow ?? whyNoBed()
  describe.skipIf(missing !== undefined)(`${title}${missing === undefined ? '' : ` (skipped: no ${missing})`}`, () => {
    let bed: Bed
    let world: StoryWindow
    let page: Page
    let example: ExampleWithPackages | Error
    beforeAll(async () => {
      await ensurePayload()
      example = await ExampleWithPackages.make().catch(toError)
      if (example instanceof Error) return
      bed = await createBed({ hosts: hosts.map((name) => ({ name })) })
      world = await open()
      page = world.page
    }, 420_000)
    afterAll(async () => {
      await world?.end()
      await world?.dispose()
      await bed?.close()
      if (example instanceof ExampleWithPackages) example.dispose()
    }, 120_000)
    // A step that cannot begin where it should says nothing, and would wait for long.
    let isBroken = false
    beforeEach((context) => {
      if (example instanceof Error) context.skip(`the packages of the example cannot be installed: ${example.message}`)
      if (isBroken) context.skip('an earlier step failed')
    })
    afterEach(async ({ task }) => {
      if (task.result?.state !== 'fail') return
      isBroken = true
      const text = await page.locator('body').innerText({ timeout: 5_000 }).catch(String)
      process.stderr.write(`\n${page.url()} shows:\n${text.slice(0, 4_000)}\ncomplaints: ${JSON.stringify(world.complaints())}\n`)
    })
    // oxlint-disable-next-line vitest/expect-expect -- what it does expects
    const step = (name: string, act: () => Promise<void>) => test(name, { timeout: 420_000 }, act)
    const click = (name: string) => page.getByRole('navigation').getByRole('link', { name, exact: true }).click(soon)

    step('four hosts are pasted, their keys are trusted once, and one click makes a cluster of them', async () => {
      await page.getByRole('link', { name: 'Build a cluster' }).first().click(soon)
      const lines = bed.hosts.map(({ name, address }) => `user@${address} name=${name} key=${bed.keyFile}`)
      await page.getByLabel('One machine a line, or a list of any kind').fill(lines.join('\n'))
      await see(page.getByText('4 machines', { exact: true }).first()).toBeVisible(soon)
      await page.getByRole('button', { name: 'Continue' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('button', { name: /Trust and remember all 4 keys/ }).click(long)
      await see(page.getByText('4 of 4 machines fit')).toBeVisible(long)
      await page.getByRole('button', { name: 'Continue' }).click(long)
      await page.getByLabel('Name of the cluster').fill('lab')
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.getByRole('button', { name: /Create lab/ }).click(long)
      await page.getByRole('link', { name: 'Open the overview' }).click(long)
      await see(page.getByText('4 of 4 alive')).toBeVisible(long)
    })

    step('a folder of this computer goes along with a job of the form, and its page opens', async () => {
      const { folder } = example as ExampleWithPackages // else the step is skipped
      await page.getByRole('link', { name: 'Submit a job' }).click(soon)
      await page.getByLabel('Command', { exact: true }).fill(`node main.ts ${words.join(' ')}`)
      await page.getByRole('radio', { name: 'From this computer' }).click()
      await page.locator('input[type=file]').setInputFiles(folder.path)
      await see(page.getByText(/^hyper-parameter-search: \d+ files, /)).toBeVisible(soon)
      await page.getByRole('button', { name: 'Submit', exact: true }).click(soon)
      await page.waitForURL(/\/c\/lab\/jobs\//, long)
      await see(page.getByRole('heading', { level: 1, name: /^node main\.ts/ })).toBeVisible(soon)
    })

    step('its tasks are watched until all have ended, on the job’s page and in their list', async () => {
      await page.getByRole('tab', { name: 'Overview' }).click(soon)
      const progress = page.getByRole('table', { name: 'Progress by function' })
      const finished = progress
        .getByRole('row')
        .filter({ hasText: `${combinations}` })
        .filter({ hasText: '100' })
      await see(finished).toHaveCount(1, long)
      await page.getByRole('link', { name: 'All its tasks' }).click(soon)
      await see(page.getByText(/108 tasks|of 108/).first()).toBeVisible(soon)
      await page.goBack()
    })

    step('the map of nodes shows each of them, and opens the one that is clicked', async () => {
      await click('Overview')
      const map = page.getByRole('listbox', { name: 'Nodes' })
      await see(map.getByRole('option')).toContainText(
        hosts.map((name) => new RegExp(`^${name}, Alive, CPU \\d+`)),
        soon,
      )
      await map.getByText('n2', { exact: true }).click(soon)
      await see(page.getByRole('heading', { level: 1, name: 'n2' })).toBeVisible(soon)
    })

    step('the log is read to its last line, and holds the table that plain Node finds', async () => {
      const { folder } = example as ExampleWithPackages // else the step is skipped
      await click('Jobs')
      await page.getByRole('link', { name: /^node main\.ts/ }).click(soon)
      await see(page.getByText('SUCCEEDED').first()).toBeVisible(long)
      const log = page.getByRole('log')
      await log.focus()
      await page.keyboard.press('End')
      await see(log.getByText(/^took [\d.]+ s$/)).toBeVisible(long)
      const plain = (await folder.run('plain.ts', ...words)).split('\n').filter((line) => line.trim() !== '' && !line.startsWith('took '))
      expect(plain.length).toBe(12)
      for (const line of plain) await see(log.getByText(line.trim(), { exact: true }).first()).toBeVisible(soon)
    })

    step('a node is drained after its effect was shown, and leaves', async () => {
      await click('Nodes')
      const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'n4', exact: true }) })
      await row.click({ button: 'right' })
      await page.getByRole('menuitem', { name: 'Drain…' }).click(soon)
      const dialog = page.getByRole('dialog')
      await see(dialog.getByText(/^(This ends|Nothing else ends with it\.)$/)).toBeVisible(soon)
      await dialog.getByRole('button', { name: 'Drain node' }).click(soon)
      await click('Overview')
      await see(page.getByText('3 of 4 alive').or(page.getByText('3 of 3 alive'))).toBeVisible(long)
    })

    step('the cluster is taken down and forgotten, and the panel is as it was', async () => {
      await click('Manage')
      await page.getByRole('button', { name: 'Take down…' }).click(soon)
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('textbox').fill('lab', soon)
      await dialog.getByRole('button', { name: /Take down/ }).click(long)
      await see(page.getByText('lab is down')).toBeVisible(long)
      await click('Clusters')
      await page.getByRole('button', { name: /: lab$/ }).click(soon)
      await page.getByRole('menuitem', { name: /Forget/ }).click(soon)
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /Forget/ })
        .click(soon)
      await see(page.getByRole('link', { name: 'Build a cluster' }).first()).toBeVisible(soon)
      await see(page.getByText('lab', { exact: true })).toHaveCount(0, soon)
      expect(world.complaints()).toEqual([])
    })

    step('nothing is left of it: no process and no file on any host, and no process here', async () => {
      for (const host of bed.hosts) {
        expect({ host: host.name, left: host.listChanges(), runs: host.processes() }).toEqual({ host: host.name, left: [], runs: [] })
        expect(host.run('ls -A /dev/shm')).toBe('')
      }
      await world.end()
      await expect.poll(() => pidsOf(world.home), soon).toEqual([])
    })
  })
}

/** The example as somebody has it after `npm ci` in its folder. */
class ExampleWithPackages {
  readonly folder: ExampleFolder
  private readonly parent: string
  private constructor(folder: ExampleFolder, parent: string) {
    this.folder = folder
    this.parent = parent
  }

  /** @throws Error with the words of npm when they cannot be had */
  static async make(): Promise<ExampleWithPackages> {
    const parent = mkdtempSync(join(tmpdir(), 'shoal-story-'))
    try {
      const folder = await ExampleFolder.make('hyper-parameter-search', parent)
      // A page that is given a folder sees what lies in it, and not what a link in it leads to.
      const packages = join(folder.path, 'node_modules')
      const kept = realpathSync(packages)
      rmSync(packages)
      cpSync(kept, packages, { recursive: true })
      return new ExampleWithPackages(folder, parent)
    } catch (error) {
      rmSync(parent, { recursive: true, force: true })
      throw error
    }
  }

  dispose(): void {
    rmSync(this.parent, { recursive: true, force: true })
  }
}
