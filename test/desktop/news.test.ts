import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call, createDesktopUser, type DesktopApp, type DesktopUser, focusOn, seeLive, whyNoDesktop } from '#test/support/desktop.ts'
import { until } from '#test/support/checks.ts'
import { ensurePayload } from '#test/support/payload.ts'

const missing = whyNoDesktop()

type Seen = { readonly notices: { title: string; body: string }[]; readonly tips: string[]; readonly menus: string[][] }

/** What a person would see of notices and of the tray, in place of a desktop that has both. */
const watchDesktop = (app: DesktopApp) =>
  app.electron.evaluate(({ Notification, Tray }) => {
    const seen: Seen = { notices: [], tips: [], menus: [] }
    const shown: Electron.Notification[] = []
    Object.assign(globalThis, { seen, shown })
    Notification.isSupported = () => true
    Notification.prototype.show = function (this: Electron.Notification) {
      shown.push(this)
      seen.notices.push({ title: this.title, body: this.body })
    }
    Tray.prototype.setToolTip = (tip: string) => void seen.tips.push(tip)
    Tray.prototype.setContextMenu = (menu: Electron.Menu | null) => void seen.menus.push(menu?.items.map(({ label }) => label) ?? [])
  })
const seenBy = (app: DesktopApp): Promise<Seen> => app.electron.evaluate(() => (globalThis as unknown as { seen: Seen }).seen) // made above

describe.skipIf(missing !== undefined)(
  `what the desktop tells of a cluster${missing === undefined ? '' : ` (skipped: no ${missing})`}`,
  () => {
    let user: DesktopUser
    let app: DesktopApp
    let clusterId: string
    beforeAll(async () => {
      await ensurePayload()
      user = await createDesktopUser()
      app = await user.start()
      await seeLive(app.page)
      await watchDesktop(app)
    }, 180_000)
    afterAll(() => user?.dispose(), 60_000)

    test('a quit while an operation runs is asked about, and does not happen after a no', { timeout: 120_000 }, async () => {
      await app.answerDialogs('Stay')
      ;({ clusterId } = await call(app.page, 'clusters.startLocal', { withSamples: false, nodes: 1 }))
      await until('the desktop knows of it', async () => (await seenBy(app)).menus.at(-1)?.includes('1 operation runs'))
      await app.electron.evaluate(({ app: electron }) => electron.quit())
      await until('somebody was asked', async () => (await app.dialogs()).length === 1)
      expect((await app.dialogs())[0]?.message).toBe('An operation is running. Quit all the same?')
      await seeLive(app.page)
    })

    test('an operation that ends is told of, and the tray shows the cluster', { timeout: 120_000 }, async () => {
      await until('it is told', async () => (await seenBy(app)).notices.length > 0, 100_000)
      expect((await seenBy(app)).notices).toEqual([{ title: 'Operation done', body: expect.stringMatching(/\w/) }])
      await until('the tray shows it', async () => (await seenBy(app)).tips.at(-1)?.includes('connected'))
    })

    test('a job shows in the tray while it runs, and its end is told of, also how it failed', { timeout: 60_000 }, async () => {
      const submit = (submission_id: string, entrypoint: string) =>
        call(app.page, 'api.change', { cluster: clusterId, route: 'submitJob', body: { submission_id, entrypoint } })
      await submit('long', 'sleep 600')
      await until('it is counted', async () => (await seenBy(app)).tips.at(-1)?.includes('1 job runs'), 30_000)
      await submit('short', 'echo planted; exit 3')
      await until('its end is told', async () => (await seenBy(app)).notices.some(({ title }) => title === 'Job failed'), 30_000)
      const failed = (await seenBy(app)).notices.find(({ title }) => title === 'Job failed')
      expect(failed?.body).toMatch(/: echo planted; exit 3\n.*3/)
    })

    test('a click on a notice opens its page, and what one looks at is not told', { timeout: 60_000 }, async () => {
      await app.electron.evaluate(() => {
        const { shown } = globalThis as unknown as { shown: Electron.Notification[] } // made by watchDesktop
        shown.find(({ title }) => title === 'Job failed')?.emit('click')
      })
      await app.page.waitForURL(`app://shoal/c/${clusterId}/jobs/short`)
      await app.page.getByRole('heading', { level: 1 }).waitFor()
      await app.electron.evaluate(({ BrowserWindow }, path) => {
        BrowserWindow.getAllWindows()[0]?.webContents.send('shoal:command', { go: path })
      }, `/c/${clusterId}/jobs/long`)
      await app.page.waitForURL(`app://shoal/c/${clusterId}/jobs/long`)
      await focusOn(app)
      const before = (await seenBy(app)).notices.length
      await call(app.page, 'api.change', { cluster: clusterId, route: 'stopJob', params: { id: 'long' } })
      await until('no job runs any more', async () => !(await seenBy(app)).tips.at(-1)?.includes('1 job runs'), 30_000)
      expect((await seenBy(app)).notices.length).toBe(before)
    })

    test('a system that shuts down is not asked, and what was broken off can be gone on with the next time', {
      timeout: 120_000,
    }, async () => {
      await app.answerDialogs('Stay')
      const { operationId } = await call(app.page, 'clusters.down', { cluster: clusterId })
      await until('the desktop knows of it', async () => (await seenBy(app)).menus.at(-1)?.includes('1 operation runs'))
      app.electron.process().kill('SIGTERM')
      await app.closed
      const again = await user.start()
      await again.answerDialogs('Quit') // it may not have heard yet that nothing runs any more
      await seeLive(again.page)
      const stateNow = async () => (await call(again.page, 'operations.get', { operationId })).state
      const stateThen = await stateNow()
      expect(stateThen).not.toBe('running')
      if (stateThen !== 'done') await call(again.page, 'operations.retry', { operationId })
      await until('it is done', async () => (await stateNow()) === 'done', 60_000)
      await again.quit()
    })
  },
)
