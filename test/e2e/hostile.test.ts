import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPanelWorld, type PanelWorld, see, tellPagesOfFailures, whyNoBrowser } from '#test/support/browser/browser.ts'
import { ensurePayload } from '#test/support/payload.ts'

const missing = whyNoBrowser()
const soon = { timeout: 30_000 }
/** HTML, orders for a terminal, text that runs the other way, a zero byte's worth of trouble. */
const evil = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>\u001b[31m\u202egpj.exe\u200f'

const oddName = '<img src=x onerror="window.pwned=1">\u202ename'
const oddProgram = `
import * as shoal from 'shoal'
await shoal.init()
const name = ${JSON.stringify(oddName)}
const fail = shoal.remote(() => { throw new Error(name) }, { name, maxRetries: 0 })
const Odd = shoal.actor(class { say() { return 1 } })
const odd = Odd.options({ name, lifetime: 'detached' }).remote()
await shoal.get(odd.say.remote())
await shoal.get(fail.remote()).catch(() => {})
console.log('all of it ran')
`

/** Joins a second node to the cluster \`local\` as a person does on the command line. */
async function joinOddNode(home: string): Promise<{ end(): void }> {
  const only = (folder: string) => join(folder, readdirSync(folder).find((name) => !name.startsWith('.')) ?? '')
  const session = only(only(join(home, '.shoal', 'clusters')))
  const { address } = JSON.parse(readFileSync(join(session, 'head', 'head.json'), 'utf8')) as { address: string } // as the head writes it
  const shoal = join(only(join(home, '.shoal', 'runtime')), 'bin', 'shoal')
  const tempDir = mkdtempSync('/tmp/odd-')
  const args = ['start', '--address', address, '--join-token-file', join(session, 'head', 'join-token'), '--temp-dir', tempDir]
  const odd = ['--node-name', oddName, '--labels', JSON.stringify({ [oddName]: '<i>label</i>' })]
  await promisify(execFile)(shoal, [...args, '--num-cpus', '1', '--object-store-memory', '100000000', ...odd])
  return {
    end() {
      execFileSync(shoal, ['stop', '--temp-dir', tempDir])
      rmSync(tempDir, { recursive: true, force: true })
    },
  }
}

describe.skipIf(missing !== undefined)(
  `what programs write is shown, and does nothing${missing === undefined ? '' : ` (skipped: no ${missing})`}`,
  () => {
    let world: PanelWorld
    let page: Page
    const isPwned = () => page.evaluate<boolean>('window.pwned !== undefined')
    const submit = (input: { entrypoint: string; metadata?: Record<string, string> }) =>
      world.callPanel('jobs.submit', { cluster: 'local', ...input })
    beforeAll(async () => {
      await ensurePayload()
      world = await openPanelWorld()
      const { operationId } = await world.callPanel('clusters.startLocal', { withSamples: false, nodes: 1 })
      await world.untilOperationsEnd()
      expect((await world.callPanel('operations.get', { operationId })).state).toBe('done')
      page = await world.open()
    }, 240_000)
    tellPagesOfFailures(() => world)
    afterAll(async () => {
      await world.callPanel('clusters.down', { cluster: 'local', force: true })
      await world.untilOperationsEnd()
      await world.dispose()
    }, 120_000)

    test('a command full of HTML and marks of direction is a text in the list, on its page and in the palette', async () => {
      await submit({ entrypoint: `echo ok # ${evil}` })
      await page.goto(`${world.panel.url}/c/local/jobs`)
      await see(page.getByText('<img src=x').first()).toBeVisible(soon)
      await page
        .getByRole('link', { name: /<img src=x/ })
        .first()
        .click()
      await see(page.getByRole('heading', { level: 1 })).toContainText('<img src=x')
      await page.keyboard.press('Control+k')
      await page.getByRole('combobox').fill('onerror')
      await see(page.getByRole('option').filter({ hasText: '<img src=x' }).first()).toBeVisible(soon)
      await page.keyboard.press('Escape')
      expect(await isPwned()).toBe(false)
    })

    test('metadata and an error full of HTML are texts on the page of the job', async () => {
      const { submissionId } = await submit({ entrypoint: 'exit 3', metadata: { [evil]: evil } })
      await page.goto(`${world.panel.url}/c/local/jobs/${submissionId}?tab=overview`)
      await see(page.getByText('onerror').first()).toBeVisible(soon)
      expect(await isPwned()).toBe(false)
    })

    test('lines of a log with HTML, orders for terminals and marks of direction stand there inert', async () => {
      const script = `printf '%b\\n' '${evil.replaceAll("'", '')}' '\\033]0;title\\007\\033[2J\\033[1;1Hcleared?' '\\033]8;;https://example.test\\007link\\033]8;;\\007'`
      const { submissionId } = await submit({ entrypoint: script })
      await page.goto(`${world.panel.url}/c/local/jobs/${submissionId}`)
      const log = page.getByRole('log')
      await see(log.getByText('<img src=x').first()).toBeVisible(soon)
      await see(log.getByText('cleared?', { exact: true })).toBeVisible()
      await see(log.getByRole('link')).toHaveCount(0)
      expect(await page.title()).toMatch(/^printf [^\u202a-\u202e\u2066-\u2069]{1,160} · Shoal$/)
      expect(await isPwned()).toBe(false)
    })

    test('a line of 10 MB does not stop the page', async () => {
      const { submissionId } = await submit({ entrypoint: "head -c 10000000 /dev/zero | tr '\\0' 'x'; echo; echo after-it" })
      await page.goto(`${world.panel.url}/c/local/jobs/${submissionId}`)
      await see(page.getByRole('log').getByText('after-it', { exact: true })).toBeVisible({ timeout: 60_000 })
      const ms = await page.evaluate<number>(
        'new Promise((done) => { const at = performance.now(); requestAnimationFrame(() => done(performance.now() - at)) })',
      )
      expect(ms).toBeLessThan(2_000)
    })

    test('names of files, tasks and actors full of HTML are texts wherever they are listed', async () => {
      const folder = join(world.home, 'odd <b>folder')
      mkdirSync(folder)
      writeFileSync(join(folder, '<img src=x onerror=window.pwned=1>\u202e.txt'), 'nothing')
      writeFileSync(join(folder, 'odd.mjs'), oddProgram)
      await page.goto(`${world.panel.url}/c/local/submit`)
      await page.getByLabel('Command').fill('node odd.mjs')
      await page.getByRole('radio', { name: 'From this computer' }).click()
      await page.locator('input[type=file]').setInputFiles(folder)
      await see(page.getByText(/odd <b>folder: 2 files/)).toBeVisible()
      await page.getByRole('button', { name: 'Submit', exact: true }).click()
      await page.waitForURL(/\/jobs\//, soon)
      await see(page.getByText('all of it ran')).toBeVisible(soon)
      for (const list of ['tasks', 'actors']) {
        await page.goto(`${world.panel.url}/c/local/${list}`)
        const row = page.getByRole('row').filter({ hasText: '<img src=x' }).first()
        await see(row).toBeVisible(soon)
        await row.getByRole('link').first().click()
        await see(page.getByRole('heading', { level: 1 })).toContainText('<img src=x')
      }
      await page.goto(`${world.panel.url}/c/local/timeline`)
      await see(page.getByText('<img src=x').first()).toBeVisible(soon)
      expect(await isPwned()).toBe(false)
    })

    test('a node whose name and labels are full of HTML is listed by them, and they do nothing', async () => {
      const node = await joinOddNode(world.home)
      try {
        await page.goto(`${world.panel.url}/c/local/nodes`)
        const link = page.getByRole('link', { name: /<img src=x/ })
        await see(link).toBeVisible(soon)
        await link.click()
        await see(page.getByText('<i>label</i>')).toBeVisible(soon)
        await page.goto(`${world.panel.url}/c/local/overview`)
        await see(page.getByText('<img src=x').first()).toBeVisible(soon)
        expect(await isPwned()).toBe(false)
      } finally {
        node.end()
      }
    })

    test('an address with HTML, a filter that means nothing and a cursor of nobody leave the page whole', async () => {
      for (const path of [
        'jobs?filter=%3Cscript%3E:eq:1',
        'tasks?sort=-nothing',
        'tasks?filter=state:regex:(',
        'nodes/%3Cimg%3E',
        'logs?file=%2Fetc%2Fpasswd',
      ]) {
        await page.goto(`${world.panel.url}/c/local/${path}`)
        await see(page.getByRole('heading', { level: 1 })).toBeVisible(soon)
      }
      expect(await isPwned()).toBe(false)
      expect(world.complaints).toEqual([])
    })
  },
)
