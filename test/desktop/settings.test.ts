import { expect as see } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, call, createDesktopUser, type DesktopApp, type DesktopUser, seeLive, whyNoDesktop } from '#test/support/desktop.ts'

const missing = whyNoDesktop()

describe.skipIf(missing !== undefined)(`the desktop's settings${missing === undefined ? '' : ` (skipped: no ${missing})`}`, () => {
  let user: DesktopUser
  let app: DesktopApp

  beforeAll(async () => {
    user = await createDesktopUser()
    app = await user.start()
    await seeLive(app.page)
    await app.page.getByRole('link', { name: 'Settings' }).first().click()
    await see(app.page.getByRole('heading', { name: 'Settings', level: 1 })).toBeVisible()
  }, 120_000)
  afterAll(async () => {
    await app?.quit()
    await user?.dispose()
  }, 60_000)

  test('the time after which a job counts as stalled is kept, and one that cannot be is told beside it', async () => {
    const field = app.page.getByRole('textbox', { name: /counts as stalled/ })
    await see(field).toHaveValue('10')
    await field.fill('0')
    await see(field).toHaveAccessibleDescription('A number from 1 to 1,440.')
    await see(field).toHaveAttribute('aria-invalid', 'true')
    await see(app.page.getByRole('button', { name: 'Save' })).toBeDisabled()
    await field.fill('2.5')
    await field.press('Enter')
    await see(app.page.getByRole('button', { name: 'Save' })).toHaveCount(0)
    expect(await ask(app.page, 'preferences', {})).toMatchObject({ stalledAfterMs: 150_000 })
    await app.page.getByRole('switch', { name: /when a job ends/ }).click()
    await see(field).toBeDisabled()
  })

  test('the vault cannot open by itself where no keychain would hold its passphrase, and it is said why', async () => {
    const atStart = app.page.getByRole('switch', { name: 'Open the vault when Shoal starts' })
    await see(app.page.getByRole('heading', { name: 'Passwords and passphrases' })).toBeVisible()
    await see(atStart).toHaveCount(0)
    await app.page.getByRole('combobox', { name: 'Kept in' }).selectOption({ label: 'A vault file, with a passphrase of yours' })
    await app.page.getByLabel('Passphrase of the vault').fill('a passphrase of some length')
    await app.page.getByRole('button', { name: 'Keep them there' }).click()
    await see(atStart).toBeVisible()
    await see(atStart).toBeDisabled()
    await see(app.page.getByText(/^Not possible here: .*keychain/)).toBeVisible()
    expect(await call(app.page, 'secrets.status', {})).toMatchObject({ kind: 'vault', isOpen: true })
  })
})
