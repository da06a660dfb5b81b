import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { expect as see } from '@playwright/test'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask, call, createDesktopUser, type DesktopApp, type DesktopUser, seeLive, whyNoDesktop } from '#test/support/desktop.ts'
import { until } from '#test/support/checks.ts'

const has = (command: string) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0
const missing = whyNoDesktop() ?? ['dbus-run-session', 'gnome-keyring-daemon'].find((command) => !has(command))

type Session = { readonly env: Record<string, string>; end(): Promise<void> }

/** As a person at a desktop has it: a bus, and a keyring that was unlocked at login. */
async function startSession(home: string): Promise<Session> {
  const runtime = join(home, 'runtime')
  mkdirSync(runtime, { mode: 0o700 })
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, XDG_RUNTIME_DIR: runtime, XDG_DATA_HOME: join(home, 'share') }
  const script = `printf 'login password' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; echo "$DBUS_SESSION_BUS_ADDRESS"; read -r _`
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn('dbus-run-session', ['--', 'sh', '-c', script], {
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    env: { XDG_RUNTIME_DIR: runtime, DBUS_SESSION_BUS_ADDRESS: String(line).trim(), XDG_CURRENT_DESKTOP: 'GNOME' },
    async end() {
      child.stdin.end()
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

const passphrase = 'a passphrase of some length'
const keptFile = (user: DesktopUser) => join(user.home, 'panel', 'config', 'desktop', 'vault-passphrase')
const isOpen = async (app: DesktopApp) => (await call(app.page, 'secrets.status', {})).isOpen
const refusalOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'not refused',
    (error: Error) => error.message,
  )

describe.skipIf(missing !== undefined)(
  `the passphrase that the desktop remembers${missing === undefined ? '' : ` (skipped: no ${missing})`}`,
  () => {
    let user: DesktopUser
    beforeEach(async () => void (user = await createDesktopUser()), 60_000)
    afterEach(() => user.dispose(), 30_000)

    test('opens the vault at the start, until it is forgotten', { timeout: 120_000 }, async () => {
      const session = await startSession(user.home)
      try {
        const first = await user.start({ env: session.env })
        await seeLive(first.page)
        await call(first.page, 'secrets.use', { kind: 'vault', passphrase })
        expect(await ask(first.page, 'vaultMemory', {})).toEqual({ canRemember: true, why: null, isRemembered: false })
        expect(await refusalOf(ask(first.page, 'rememberVault', { passphrase: 'a wrong one, also long' }))).toMatch(/passphrase/)
        expect(existsSync(keptFile(user))).toBe(false)
        expect(await ask(first.page, 'rememberVault', { passphrase })).toMatchObject({ isRemembered: true })
        expect(readFileSync(keptFile(user), 'latin1')).not.toContain(passphrase)
        await first.quit()

        const second = await user.start({ env: session.env })
        await seeLive(second.page)
        await until('the vault is open', () => isOpen(second))
        expect(await ask(second.page, 'forgetVault', {})).toMatchObject({ isRemembered: false })
        await second.quit()

        const third = await user.start({ env: session.env })
        await seeLive(third.page)
        expect([await isOpen(third), existsSync(keptFile(user))]).toEqual([false, false])
        await third.quit()
      } finally {
        await session.end()
      }
    })

    test('is asked for on the page of settings, and kept once it is the right one', { timeout: 120_000 }, async () => {
      const session = await startSession(user.home)
      try {
        const app = await user.start({ env: session.env })
        const { page } = app
        await seeLive(page)
        await call(page, 'secrets.use', { kind: 'vault', passphrase })
        await page.getByRole('link', { name: 'Settings' }).first().click()
        const atStart = page.getByRole('switch', { name: 'Open the vault when Shoal starts' })
        await atStart.click()
        const field = page.getByLabel('Passphrase of the vault')
        await see(field).toBeFocused()
        await field.fill('a wrong one, also long')
        await field.press('Enter')
        await see(field).toHaveAccessibleDescription(/not the passphrase/)
        expect(existsSync(keptFile(user))).toBe(false)
        await field.fill(passphrase)
        await field.press('Enter')
        await see(field).toHaveCount(0)
        await see(atStart).toBeChecked()
        await see(atStart).toBeFocused()
        expect(await ask(page, 'vaultMemory', {})).toMatchObject({ isRemembered: true })
        await atStart.click()
        await see(atStart).not.toBeChecked()
        expect(existsSync(keptFile(user))).toBe(false)
        await app.quit()
      } finally {
        await session.end()
      }
    })

    test('is not kept where there is no keychain, and it is said why', async () => {
      const app = await user.start()
      await seeLive(app.page)
      await call(app.page, 'secrets.use', { kind: 'vault', passphrase })
      const memory = await ask(app.page, 'vaultMemory', {})
      expect(memory).toEqual({ canRemember: false, why: expect.stringContaining('keychain'), isRemembered: false })
      expect(await refusalOf(ask(app.page, 'rememberVault', { passphrase }))).toContain('cannot be remembered')
      expect(existsSync(keptFile(user))).toBe(false)
      await app.quit()
    })
  },
)
