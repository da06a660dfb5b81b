import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  findAccessFaultsOfBothThemes,
  openPanelWorld,
  type PanelWorld,
  see,
  tellPagesOfFailures,
  whyNoBrowser,
} from '#test/support/browser/browser.ts'
import { findRays, noRay, type RayHeadProcess, startRayHead } from '#test/support/ray.ts'

const [newest] = findRays()
const { program, version } = newest ?? noRay
const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
const token = 'a-token-of-the-story'
const soon = { timeout: 60_000 }
const long = { timeout: 180_000 }

/** From an address to a record of what is gone, at a head that wants a token. Each test goes on where the one before stopped. */
describe.skipIf(newest === undefined || whyNoBrowser() !== undefined)(`a panel on a real Ray head (${version}), by clicks`, () => {
  const work = mkdtempSync(join(tmpdir(), 'shoal-ray-story-'))
  const stopFile = join(work, 'stop')
  let head: RayHeadProcess
  let world: PanelWorld
  let page: Page
  const go = (path: string) => page.goto(`${world.panel.url}/c/team/${path}`)
  const settled = async () => {
    await see(page.getByRole('heading', { level: 1 })).toBeVisible(soon)
    await see(page.locator('.animate-pulse-soft')).toHaveCount(0, soon)
  }
  const expectAccessible = async (path: string) =>
    expect.soft({ path, faults: await findAccessFaultsOfBothThemes(page) }).toEqual({ path, faults: [] })
  const expectRefused = async (name: string, why: string) => {
    const button = page.getByRole('button', { name, exact: true })
    await see(button).toBeDisabled(soon)
    await see(button).toHaveAttribute('aria-description', new RegExp(why))
  }
  beforeAll(async () => {
    head = await startRayHead(program, { token })
    world = await openPanelWorld()
    page = await world.open()
  }, 300_000)
  tellPagesOfFailures(() => world)
  afterAll(async () => {
    writeFileSync(stopFile, '')
    await world?.dispose()
    await head?.stop()
    rmSync(work, { recursive: true, force: true })
  }, 90_000)

  test('a dialog asks for the address, and says what keeps one out until the token is right', async () => {
    await page.getByRole('button', { name: 'Connect to Ray…' }).click(soon)
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name', { exact: true }).fill('team')
    await dialog.getByLabel('Address of the dashboard').fill(head.url)
    await dialog.getByRole('button', { name: 'Connect', exact: true }).click()
    await see(dialog.getByText(/wants a token/)).toBeVisible(soon)
    await dialog.getByLabel('Token', { exact: true }).fill('not-this-one')
    await dialog.getByRole('button', { name: 'Connect', exact: true }).click()
    await see(dialog.getByText(/refused the token/)).toBeVisible(soon)
    await expectAccessible('connect')
    await dialog.getByLabel('Token', { exact: true }).fill(token)
    await dialog.getByRole('button', { name: 'Connect', exact: true }).click()
    await page.waitForURL(/\/c\/team/, soon)
    await see(page.getByText('1 of 1 alive')).toBeVisible(soon)
  }, 180_000)

  test('a job is submitted by the form, which greys out what Ray does not have, and its log is followed', async () => {
    await go('submit')
    await see(page.getByLabel('Priority')).toBeDisabled(soon)
    await page.getByLabel('Command').fill(`${program} ${fixture('ray-story.py')} ${stopFile}`)
    await see(page.getByText('Fits now')).toBeVisible(soon)
    await expectAccessible('submit')
    await page.getByRole('button', { name: 'Submit', exact: true }).click()
    await page.waitForURL(/\/jobs\//, soon)
    await see(page.getByText('the story stands')).toBeVisible(long)
    await see(page.getByText('RUNNING').first()).toBeVisible(soon)
  }, 300_000)

  test('the overview shows what runs, what waits and why', async () => {
    await go('overview')
    await see(page.getByText(/no node has CPU 64/)).toBeVisible(soon)
    await see(page.getByRole('link', { name: /ray-story/ }).first()).toBeVisible(soon)
    await settled()
    await expectAccessible('overview')
  }, 180_000)

  test('tasks are listed with their states; one that waits says why, and cannot be cancelled from here', async () => {
    await go('tasks?filter=state:eq:FAILED')
    await see(page.getByRole('link', { name: 'fail' })).toBeVisible(soon)
    await go('tasks?filter=name:eq:fly')
    await page.getByRole('link', { name: 'fly' }).click(soon)
    await see(page.getByText('No node can ever take it as things are.')).toBeVisible(soon)
    await see(page.getByRole('cell', { name: /too small/ }).first()).toBeVisible(soon)
    await expectRefused('Cancel…', 'cancelling of tasks')
    await expectAccessible('tasks/fly')
  }, 180_000)

  test('actors, placement groups and objects are there', async () => {
    await go('actors?filter=name:eq:counter')
    await page.getByRole('link', { name: 'Counter' }).click(soon)
    await expectRefused('Kill…', 'killing of actors')
    await page.getByRole('link', { name: 'Log', exact: true }).click(soon)
    await see(page.getByText('adding 2')).toBeVisible(soon)
    await go('placement-groups')
    await see(page.getByRole('link', { name: 'nook' })).toBeVisible(soon)
    await page.getByRole('link', { name: 'too-big' }).click(soon)
    await see(page.getByText('No node can ever take it as things are.')).toBeVisible(soon)
    await expectRefused('Remove…', 'over HTTP')
    await go('objects')
    await see(page.getByText(/19\.\d MiB/).first()).toBeVisible(soon)
    await go('objects?tab=list')
    await see(page.getByRole('row').nth(1)).toBeVisible(soon)
  }, 240_000)

  test('a worker says what it does and takes; a node shows its processes and its logs, and offers no terminal', async () => {
    await go('workers?filter=phase:eq:linger')
    const row = page.getByRole('row').filter({ hasText: 'linger' })
    await see(row.getByText(/MiB/)).toBeVisible(soon)
    await row.getByRole('link').first().click()
    await expectRefused('End…', 'over HTTP')
    await go('nodes')
    await page.getByRole('table').or(page.getByRole('grid')).getByRole('link').first().click(soon)
    await see(page.getByRole('heading', { name: /processes/i })).toBeVisible(soon)
    await expectRefused('Terminal', 'none of this panel')
    await expectRefused('Drain…', 'draining of nodes')
    await settled()
    await expectAccessible('nodes/…')
    await page.getByRole('link', { name: 'Logs', exact: true }).last().click(soon)
    await see(page.getByText('square of', { exact: false }).first()).toBeVisible(soon)
  }, 240_000)

  test('what Ray Serve runs is shown with its replicas', async () => {
    await world.callPanel('jobs.submit', { cluster: 'team', entrypoint: `${program} ${fixture('ray-serve.py')}`, submissionId: 'greeter' })
    await go('serve')
    await see(page.getByText('greetings')).toBeVisible(long)
    await see(page.getByText('2 of 2 running')).toBeVisible(long)
    await expectAccessible('serve')
  }, 420_000)

  test.each([
    'jobs',
    'nodes',
    'tasks',
    'actors',
    'placement-groups',
    'workers',
    'objects',
    'timeline',
    'logs',
    'logs?tab=search',
    'events',
    'manage',
  ])(
    'the page of %s breaks no rule of accessibility in either theme',
    async (path) => {
      await go(path)
      await settled()
      await expectAccessible(path)
    },
    120_000,
  )

  test('a job is stopped after its effect was shown, and deleted', async () => {
    await world.callPanel('jobs.submit', { cluster: 'team', entrypoint: 'sleep 600', submissionId: 'sleeper' })
    await go('jobs/sleeper')
    await see(page.getByText('RUNNING').first()).toBeVisible(long)
    await page.getByRole('button', { name: 'Stop…' }).click()
    const dialog = page.getByRole('dialog')
    await see(dialog.locator('.animate-pulse-soft')).toHaveCount(0, soon)
    await dialog.getByRole('button', { name: 'Stop job' }).click()
    await see(page.getByText('STOPPED').first()).toBeVisible(soon)
    await go('jobs?filter=entrypoint:contains:sleep')
    const row = page.getByRole('row').filter({ hasText: 'sleep 600' })
    await see(row.getByText('STOPPED', { exact: true })).toBeVisible(soon)
    await row.click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Delete…' }).click(soon)
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await see(row).toHaveCount(0, soon)
  }, 300_000)

  test('a log that is followed comes to its last line when the job ends', async () => {
    await go('jobs?filter=entrypoint:contains:ray-story')
    await page.getByRole('link', { name: /ray-story/ }).click(soon)
    await see(page.getByText('the story stands')).toBeVisible(soon)
    writeFileSync(stopFile, '')
    await see(page.getByText('the last line of the story')).toBeVisible(soon)
    await see(page.getByText('SUCCEEDED').first()).toBeVisible(soon)
  }, 180_000)

  test('disconnected, it shows what was recorded, and connects again without asking', async () => {
    await go('manage')
    await page.getByRole('button', { name: 'Disconnect' }).click(soon)
    await see(page.getByText(/what you see was recorded/)).toBeVisible(soon)
    await go('jobs')
    await see(page.getByRole('link', { name: /ray-story/ })).toBeVisible(soon)
    await page.getByRole('button', { name: 'Connect', exact: true }).click(soon)
    await see(page.getByText(/what you see was recorded/)).toHaveCount(0, soon)
  }, 180_000)

  test('when the head is gone, jobs with their logs, tasks and events stay to be read, until it is forgotten', async () => {
    await head.stop()
    await go('overview')
    await see(page.getByText(/does not answer/)).toBeVisible(long)
    await settled()
    await expectAccessible('overview of what is gone')
    await go('tasks?filter=name:eq:square')
    await see(page.getByRole('link', { name: 'square' })).toHaveCount(3, soon)
    await go('jobs?filter=entrypoint:contains:ray-story')
    await page.getByRole('link', { name: /ray-story/ }).click(soon)
    await see(page.getByText('the last line of the story')).toBeVisible(soon)
    await go('events')
    await see(page.getByText(/ray-story|counter|SUCCEEDED/).first()).toBeVisible(soon)
    await go('manage')
    await page.getByRole('button', { name: 'Forget…' }).click(soon)
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /Forget/ })
      .click(soon)
    await page.waitForURL((url) => url.pathname === '/', soon)
    await see(page.getByText('team', { exact: true })).toHaveCount(0, soon)
    expect(world.complaints).toEqual([])
  }, 300_000)
})
