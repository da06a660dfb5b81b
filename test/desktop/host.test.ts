import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readEndpoint } from '#src-main/storage/endpoint.ts'
import { createDesktopUser, type DesktopApp, type DesktopUser, seeLive, whyNoDesktop } from '#test/support/desktop.ts'
import { until } from '#test/support/checks.ts'
import { startPanelProcess } from '#test/support/panel-process.ts'
import { repository } from '#test/tidy/repository-files.ts'

const missing = whyNoDesktop()

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** The process of the panel that holds this user's data folder; 0 for none. */
const hostPid = async (user: DesktopUser): Promise<number> =>
  (await readEndpoint(`${user.home}/panel/data`).catch(() => undefined))?.pid ?? 0

const newHost = async (user: DesktopUser, before: number): Promise<number> => {
  await until('another host', async () => ![0, before].includes(await hostPid(user)))
  return hostPid(user)
}

const readyCount = (app: DesktopApp) => app.logged('desktop.host').filter(({ state }) => state === 'ready').length

describe.skipIf(missing !== undefined)(`the host behind the desktop app${missing === undefined ? '' : ` (skipped: no ${missing})`}`, () => {
  let user: DesktopUser
  beforeEach(async () => void (user = await createDesktopUser()), 60_000)
  afterEach(() => user.dispose(), 30_000)

  test('it ends with the app, and so it does when the app is killed', async () => {
    const app = await user.start()
    await seeLive(app.page)
    const first = await hostPid(user)
    expect(isAlive(first)).toBe(true)
    await app.quit()
    expect(isAlive(first)).toBe(false)
    const again = await user.start()
    await seeLive(again.page)
    const second = await newHost(user, first)
    again.electron.process().kill('SIGKILL')
    await until('it is gone too', () => !isAlive(second))
  })

  test('a system that shuts down ends the app without a question, and its host in order', async () => {
    const app = await user.start()
    await seeLive(app.page)
    const pid = await hostPid(user)
    app.electron.process().kill('SIGTERM')
    await app.closed
    expect([isAlive(pid), app.logged('desktop.host').at(-1)]).toEqual([false, expect.objectContaining({ state: 'ended' })])
  })

  test('a host that is killed is started again, and the page goes on where it was', async () => {
    const app = await user.start({ words: ['shoal://open/settings'] })
    await seeLive(app.page)
    const first = await hostPid(user)
    process.kill(first, 'SIGKILL')
    const second = await newHost(user, first)
    await until('it is known', () => readyCount(app) === 2)
    await seeLive(app.page)
    expect([app.page.url(), isAlive(second)]).toEqual(['app://shoal/settings', true])
    await app.quit()
  })

  test('a host that keeps dying is told of, with what happened to copy, and is started where a person says so', async () => {
    const app = await user.start()
    await seeLive(app.page)
    await app.answerDialogs('Copy details', 'Restart it')
    let pid = 0
    for (let count = 1; count <= 4; count += 1) {
      pid = await newHost(user, pid)
      process.kill(pid, 'SIGKILL')
      await until('it was seen', () => app.logged('desktop.host-ended').length === count)
    }
    await until('a person was asked twice', async () => (await app.dialogs()).length === 2)
    expect((await app.dialogs())[0]).toEqual({
      message: 'The panel’s host does not run',
      detail: expect.stringContaining('it ended by SIGKILL'),
    })
    const copied = await app.electron.evaluate(({ clipboard }) => clipboard.readText())
    expect(copied).toMatch(/^Shoal 0\.1\.0\nElectron [\d.]+, Chromium [\d.]+\nlinux x64\n[\dT:.-]+Z\n\nit ended by SIGKILL/)
    expect(copied).not.toContain(user.home)
    await newHost(user, pid)
    await seeLive(app.page)
    await app.quit()
  })

  test('a panel that a person started is used, goes on without the app, and is replaced when it ends', async () => {
    const other = await startPanelProcess({ env: { ...process.env, ...user.env }, cwd: repository })
    const app = await user.start()
    await seeLive(app.page)
    expect(await hostPid(user)).toBe(other.pid)
    await app.quit()
    expect(isAlive(other.pid)).toBe(true)
    const again = await user.start()
    await seeLive(again.page)
    await other.end('SIGINT')
    const own = await newHost(user, other.pid)
    await seeLive(again.page)
    await again.quit()
    expect(isAlive(own)).toBe(false)
  })
})
