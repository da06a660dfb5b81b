import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call, createDesktopUser, type DesktopApp, type DesktopUser, seeLive, whyNoDesktop } from '#test/support/desktop.ts'
import { electronBinary, testElectronVersion } from '#test/support/electron-binary.ts'
import { repository } from '#test/tidy/repository-files.ts'

const missing = whyNoDesktop()

describe.skipIf(missing !== undefined)(`the packaged desktop app${missing === undefined ? '' : ` (skipped: no ${missing})`}`, () => {
  const output = mkdtempSync(join(tmpdir(), 'shoal-package-'))
  const folder = join(output, 'linux-unpacked')
  let user: DesktopUser
  let app: DesktopApp

  beforeAll(async () => {
    user = await createDesktopUser()
    const settings = {
      'directories.output': output,
      electronDist: electronBinary().folder,
      electronVersion: testElectronVersion,
      'electronFuses.enableNodeCliInspectArguments': 'true', // Playwright speaks to the main process through it
    }
    const words = Object.entries(settings).map(([name, value]) => `-c.${name}=${value}`)
    execFileSync(process.execPath, ['scripts/package-desktop.mjs', '--linux', 'dir', ...words], { cwd: repository, stdio: 'pipe' })
    const { SHOAL_NODE: _, ...env } = user.env
    // Nothing of this checkout, nor of this computer's Node, is of use to it.
    app = await user.start({
      executable: join(folder, 'shoal-desktop'),
      env: { ...env, PATH: '/usr/bin:/bin', SHOAL_NODE: '/nowhere/node' },
    })
  }, 240_000)
  afterAll(async () => {
    await app?.quit()
    await user?.dispose()
    rmSync(output, { recursive: true, force: true })
  }, 60_000)

  test('starts, with a host of its own behind the page', async () => {
    await seeLive(app.page)
    expect(await call(app.page, 'panel.info', {})).toMatchObject({ version: '0.1.0' })
    const started = execFileSync('ps', ['-eo', 'args']).toString().split('\n')
    expect(started.find((line) => line.includes('--until-stdin-ends') && line.includes(folder))).toMatch(
      new RegExp(`^${folder}/resources/host/bin/node .*${folder}/resources/host/dist/panel/cli\\.mjs panel`),
    )
  })

  test('brings what it puts on machines, and finds the native parts of its host', async () => {
    expect(await call(app.page, 'secrets.status', {})).toMatchObject({ kind: 'memory', whyNoKeychain: expect.stringContaining('D-Bus') })
    const found = execFileSync(
      join(folder, 'resources', 'host', 'bin', 'node'),
      [
        '--input-type=module',
        '-e',
        "await import('koffi'); await import('ssh2'); await import('@napi-rs/keyring'); console.log('all found')",
      ],
      { cwd: join(folder, 'resources', 'host') },
    )
    expect(found.toString()).toBe('all found\n')
  })

  test('is no Node, takes no options of one, and has no developer tools', async () => {
    const asNode = execFileSync(
      process.execPath,
      ['node_modules/@electron/fuses/dist/bin.js', 'read', '--app', join(folder, 'shoal-desktop')],
      {
        cwd: repository,
      },
    ).toString()
    for (const fuse of ['RunAsNode is Disabled', 'EnableNodeOptionsEnvironmentVariable is Disabled', 'OnlyLoadAppFromAsar is Enabled'])
      expect(asNode).toContain(fuse)
    const facts = await app.electron.evaluate(({ app: electron, BrowserWindow, Menu }) => ({
      isPackaged: electron.isPackaged,
      preferences: BrowserWindow.getAllWindows()[0]?.webContents.isDevToolsOpened(),
      roles: Menu.getApplicationMenu()?.items.flatMap(({ submenu }) => submenu?.items.map(({ role }) => role) ?? []),
    }))
    expect(facts.isPackaged).toBe(true)
    expect(facts.roles).not.toContain('toggledevtools')
  })
})
