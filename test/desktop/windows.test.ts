import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { BrowserWindow, Menu, MenuItem } from 'electron'
import type { Page } from '@playwright/test'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask, createDesktopUser, type DesktopApp, type DesktopUser, seeLive, whyNoDesktop } from '#test/support/desktop.ts'
import { electronBinary } from '#test/support/electron-binary.ts'
import { until } from '#test/support/checks.ts'
import { repository } from '#test/tidy/repository-files.ts'

const missing = whyNoDesktop()

/** As a person clicks an item of the menu: `File > New window`. */
const clickMenu = (app: DesktopApp, ...labels: readonly string[]) =>
  app.electron.evaluate(({ Menu: menus }, path) => {
    let items: Menu | null | undefined = menus.getApplicationMenu()
    let item: MenuItem | undefined
    for (const label of path) {
      item = items?.items.find((each) => each.label === label)
      items = item?.submenu
    }
    if (item === undefined) throw new Error(`there is no ${path.join(' > ')}`)
    item.click()
  }, labels)

const windowsOf = (app: DesktopApp) =>
  app.electron.evaluate(({ BrowserWindow: windows }) =>
    windows
      .getAllWindows()
      .map((window: BrowserWindow) => ({
        url: window.webContents.getURL(),
        bounds: window.getBounds(),
        isFocused: window.isFocused(),
        zoom: window.webContents.getZoomLevel(),
      }))
      .sort((one, other) => (one.url < other.url ? -1 : 1)),
  )

/** Starts the app a second time, as a link or a click on its icon does; resolves with its exit code. */
async function startAgain(user: DesktopUser, ...words: readonly string[]): Promise<number | null> {
  const flags = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const child = spawn(electronBinary().executable, [...flags, '--disable-gpu', repository, ...words], { env: user.env, stdio: 'ignore' })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code
}

const goTo = (page: Page, path: string) =>
  page.evaluate(`history.pushState(null, '', '${path}'); dispatchEvent(new PopStateEvent('popstate'))`)

describe.skipIf(missing !== undefined)(`windows of the desktop app${missing === undefined ? '' : ` (skipped: no ${missing})`}`, () => {
  let user: DesktopUser
  beforeEach(async () => void (user = await createDesktopUser()), 60_000)
  afterEach(() => user.dispose(), 30_000)

  test('a second window has a connection of its own, and closing one leaves the other', async () => {
    const app = await user.start()
    await seeLive(app.page)
    const opened = app.electron.waitForEvent('window')
    await clickMenu(app, 'File', 'New window')
    const second = await opened
    await seeLive(second)
    await second.close()
    await app.page.reload()
    await seeLive(app.page)
    expect((await windowsOf(app)).length).toBe(1)
    await app.quit()
  })

  test('a second start shows the first one’s window and ends, and its link opens a page there', async () => {
    const app = await user.start()
    await seeLive(app.page)
    await app.electron.evaluate(({ BrowserWindow: windows }) => windows.getAllWindows()[0]?.blur())
    expect(await startAgain(user)).toBe(0)
    await until('it has the focus', async () => (await windowsOf(app))[0]?.isFocused)
    expect(await startAgain(user, 'shoal://open/machines')).toBe(0)
    await app.page.waitForURL('app://shoal/machines')
    expect(await startAgain(user, 'shoal://open//evil.example/')).toBe(0)
    expect((await windowsOf(app)).map(({ url }) => url)).toEqual(['app://shoal/machines'])
    await app.quit()
  })

  test('a link opens its page when it starts the app', async () => {
    const app = await user.start({ words: ['shoal://open/operations?state=running'] })
    await app.page.waitForURL('app://shoal/operations?state=running')
    await seeLive(app.page)
    expect((await windowsOf(app)).length).toBe(1)
    await app.quit()
  })

  test('windows open again where they were, with their pages and their zoom', async () => {
    const first = await user.start()
    await seeLive(first.page)
    const opened = first.electron.waitForEvent('window')
    await ask(first.page, 'newWindow', { path: '/settings' })
    await seeLive(await opened)
    await first.electron.evaluate(({ BrowserWindow: windows }) => {
      const at = (path: string) => windows.getAllWindows().find((window) => new URL(window.webContents.getURL()).pathname === path)
      at('/')?.setBounds({ x: 40, y: 60, width: 900, height: 700 })
      at('/settings')?.setBounds({ x: 300, y: 120, width: 1_000, height: 650 })
    })
    await clickMenu(first, 'View', 'Larger')
    await goTo(first.page, '/machines')
    await first.page.waitForURL('app://shoal/machines')
    const before = await windowsOf(first)
    expect(before.map(({ bounds, zoom }) => ({ ...bounds, zoom }))).toEqual([
      { x: 40, y: 60, width: 900, height: 700, zoom: 0.5 },
      { x: 300, y: 120, width: 1_000, height: 650, zoom: 0.5 },
    ])
    await first.quit()

    const second = await user.start()
    await until('both are there', async () => (await windowsOf(second)).length === 2)
    const placeOf = ({ url, bounds, zoom }: (typeof before)[number]) => `${url} ${JSON.stringify(bounds)} ${zoom}`
    await until('as they were', async () => (await windowsOf(second)).map(placeOf).join() === before.map(placeOf).join())
    for (const page of second.electron.windows()) await seeLive(page)
    await second.quit()
  })

  test('closing the last window quits, and opens again as it was', async () => {
    const app = await user.start({ words: ['shoal://open/settings'] })
    await seeLive(app.page)
    await app.electron.evaluate(({ BrowserWindow: windows }) => windows.getAllWindows()[0]?.close())
    await app.closed
    const again = await user.start()
    await again.page.waitForURL('app://shoal/settings')
    expect((await windowsOf(again)).length).toBe(1)
    await again.quit()
  })

  test('menus lead to pages, and read and look as the page does', async () => {
    const app = await user.start()
    await seeLive(app.page)
    await clickMenu(app, 'Go', 'Machines')
    await app.page.waitForURL('app://shoal/machines')
    await clickMenu(app, 'Go', 'Back')
    await app.page.waitForURL('app://shoal/')
    await clickMenu(app, 'View', 'Appearance', 'Dark')
    await app.page.locator('html[data-theme=dark]').waitFor({ state: 'attached' })
    const themeOf = (of: DesktopApp) => of.electron.evaluate(({ nativeTheme }) => nativeTheme.themeSource)
    await until('the frame follows', async () => (await themeOf(app)) === 'dark')
    await app.page.evaluate("localStorage.setItem('shoal-language', 'ja'); location.reload()")
    await until('the menu follows', () =>
      clickMenu(app, '移動', 'マシン').then(
        () => true,
        () => false,
      ),
    )
    await app.page.waitForURL('app://shoal/machines')
    await app.quit()
    const again = await user.start()
    await clickMenu(again, '表示', '再読み込み')
    expect(await themeOf(again)).toBe('dark')
    await again.quit()
  })
})
