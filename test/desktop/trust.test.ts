import { join } from 'node:path'
import type { BrowserWindow as Window } from 'electron'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, call, createDesktopUser, type DesktopApp, type DesktopUser, seeLive, whyNoDesktop } from '#test/support/desktop.ts'
import { until } from '#test/support/checks.ts'
import { repository } from '#test/tidy/repository-files.ts'

const missing = whyNoDesktop()
const preload = join(repository, 'dist', 'desktop', 'preload.cjs')

/** Runs code in a window that is none of ours, as somebody would who got a page in: with all that Node gives, or with our own bridge. */
const inStrangeWindow = (app: DesktopApp, options: { url: string; preload?: string; code: string }): Promise<unknown> =>
  app.electron.evaluate(async ({ BrowserWindow }, { url, preload: script, code }) => {
    const webPreferences = script === undefined ? { nodeIntegration: true, contextIsolation: false, sandbox: false } : { preload: script }
    const window: Window = new BrowserWindow({ show: false, webPreferences })
    try {
      await window.loadURL(url)
      return await window.webContents.executeJavaScript(code)
    } finally {
      window.destroy()
    }
  }, options)

describe.skipIf(missing !== undefined)(`whom the desktop answers${missing === undefined ? '' : ` (skipped: no ${missing})`}`, () => {
  let user: DesktopUser
  let app: DesktopApp
  beforeAll(async () => {
    user = await createDesktopUser()
    app = await user.start()
    await seeLive(app.page)
  }, 120_000)
  afterAll(async () => {
    await app?.quit()
    await user?.dispose()
  }, 60_000)

  test.each([
    ['a window with all of Node', { url: 'about:blank' }],
    ['a page from a text, with our own bridge', { url: 'data:text/html,<p>x', preload }],
    ['our own page in a window that we did not open', { url: 'app://shoal/', preload }],
  ])('%s gets no answer', async (_what, where) => {
    const code =
      'preload' in where
        ? "window.shoalDesktop.ask('preferences', {}).then(() => 'answered', (error) => error.message)"
        : "require('electron').ipcRenderer.invoke('shoal:ask', 'preferences', {}).then((answer) => answer.refused ?? 'answered')"
    expect(await inStrangeWindow(app, { ...where, code })).toContain('may not ask the desktop')
  })

  test('a strange window gets nothing of the panel’s wire', async () => {
    const url = 'data:text/html,<p>wire' // no other test's, whose last refusal may not be written down yet
    const strangers = () => app.logged('desktop.stranger-refused').filter((line) => line['url'] === url).length
    const code = `new Promise((resolve) => {
      const { ipcRenderer } = require('electron')
      const heard = []
      for (const channel of ['shoal:wire-message', 'shoal:wire-state']) ipcRenderer.on(channel, (_event, value) => heard.push(value))
      ipcRenderer.send('shoal:wire-open')
      ipcRenderer.send('shoal:wire-send', '{"id":1,"method":"panel.info","input":{}}')
      // The answer of this ask comes after everything that was sent before it was handled.
      ipcRenderer.invoke('shoal:ask', 'preferences', {}).then(() => setTimeout(() => resolve(heard), 500))
    })`
    expect(await inStrangeWindow(app, { url, code })).toEqual([])
    await expect.poll(strangers).toBe(3)
  })

  test('a frame in the page shows no page of ours, and has no bridge', async () => {
    const inside = await app.page.evaluate(`(async () => {
      const look = async (source) => {
        const frame = document.createElement('iframe')
        const loaded = new Promise((resolve) => (frame.onload = resolve))
        if (source !== undefined) frame.src = source
        document.body.append(frame)
        await loaded
        try {
          return frame.contentWindow.shoalDesktop === undefined ? 'no bridge' : 'a bridge'
        } catch {
          return 'blocked'
        } finally {
          frame.remove()
        }
      }
      return [await look(undefined), await look('/'), await look('https://example.test/')]
    })()`)
    expect(inside).toEqual(['no bridge', 'blocked', 'blocked'])
  })

  test.each([
    ['an ask that is not there', 'runProgram', {}, 'knows no ask'],
    ['a name of every object', 'constructor', {}, 'knows no ask'],
    ['a link that is not https', 'openExternal', { url: 'file:///etc/passwd' }, 'openExternal'],
    ['a link with a program behind it', 'openExternal', { url: 'javascript:alert(1)' }, 'openExternal'],
    ['a window elsewhere', 'newWindow', { path: '//evil.example/' }, 'newWindow'],
    ['a path that climbs', 'newWindow', { path: '/a/../../b' }, 'newWindow'],
    ['more than was asked for', 'pickFolder', { path: '/etc' }, 'pickFolder'],
    ['a theme that is not there', 'setAppearance', { theme: 'pink', language: 'en' }, 'setAppearance'],
    ['a time that is too short', 'changePreferences', { stalledAfterMs: 1 }, 'changePreferences'],
    ['nothing', 'openExternal', null, 'openExternal'],
    ['an endless text', 'rememberVault', { passphrase: 'x'.repeat(100_000) }, 'rememberVault'],
  ])('%s is refused in words', async (_what, name, input, words) => {
    const refusal = await ask(app.page, name as 'pickFolder', input as never).then(
      // what the compiler would refuse
      () => 'answered',
      (error: Error) => error.message,
    )
    expect(refusal).toContain(words)
    expect(refusal.length).toBeLessThan(700)
  })

  test('messages of the wire that are no text, or endless, change nothing', async () => {
    await app.page.evaluate(`for (const junk of [1, null, undefined, {}, ['x'], 'x'.repeat(9 * 1024 * 1024)]) shoalDesktop.wire.send(junk)`)
    expect(await call(app.page, 'panel.info', {})).toMatchObject({ version: '0.1.0' })
    await seeLive(app.page)
  })

  test('what a person prefers is kept, and a part of it can be changed alone', async () => {
    expect(await ask(app.page, 'preferences', {})).toEqual({
      notifyJobs: true,
      notifyNodes: true,
      notifyOperations: true,
      stalledAfterMs: 600_000,
      staysInTray: false,
    })
    expect(await ask(app.page, 'changePreferences', { notifyNodes: false })).toMatchObject({ notifyNodes: false, notifyJobs: true })
    expect(await ask(app.page, 'preferences', {})).toMatchObject({ notifyNodes: false })
  })

  test('a folder is picked in the system’s own dialog', async () => {
    const pick = () => ask(app.page, 'pickFolder', {})
    const answer = (canceled: boolean) =>
      app.electron.evaluate(({ dialog }, isCanceled) => {
        dialog.showOpenDialog = (() =>
          Promise.resolve({ canceled: isCanceled, filePaths: isCanceled ? [] : ['/home/user/project'] })) as typeof dialog.showOpenDialog
      }, canceled)
    await answer(false)
    expect(await pick()).toBe('/home/user/project')
    await answer(true)
    expect(await pick()).toBe(null)
  })

  test('a link of the page is opened in the browser after a yes, and not after a no', async () => {
    await app.electron.evaluate(({ shell }) => {
      Object.assign(globalThis, { opened: [] })
      shell.openExternal = (url) => {
        ;(globalThis as unknown as { opened: string[] }).opened.push(url)
        return Promise.resolve()
      }
    })
    const open = () => ask(app.page, 'openExternal', { url: 'https://example.test/a' })
    await app.answerDialogs('Cancel', 'Open')
    expect([await open(), await open()]).toEqual([false, true])
    expect(await app.electron.evaluate(() => (globalThis as unknown as { opened: string[] }).opened)).toEqual(['https://example.test/a'])
  })

  test('a page whose process is killed is reloaded where a person says so', async () => {
    await app.answerDialogs('Load again')
    await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer())
    await until('somebody was asked', async () => ((await app.dialogs()) ?? []).length > 0)
    expect((await app.dialogs())[0]?.message).toBe('This window’s page crashed')
    await until('it is back', () =>
      app.electron.evaluate(async ({ BrowserWindow }) =>
        BrowserWindow.getAllWindows()[0]?.webContents.executeJavaScript("document.body.innerText.includes('Live')"),
      ),
    )
  })
})
