import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call, createDesktopUser, type DesktopApp, type DesktopUser, seeLive, whyNoDesktop } from '#test/support/desktop.ts'
import { until } from '#test/support/checks.ts'
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

  test('without a feed it looks for no newer version, and with one it fetches that and says so', { timeout: 90_000 }, async () => {
    const updateItems = (of: DesktopApp) =>
      of.electron.evaluate(({ Menu }) =>
        (Menu.getApplicationMenu()?.items.flatMap(({ submenu }) => submenu?.items ?? []) ?? [])
          .map(({ label }) => label)
          .filter((label) => /version|update/i.test(label)),
      )
    expect(await updateItems(app)).toEqual([])
    await app.quit()

    const feed = await serveFeed()
    try {
      const place = `provider: generic\nurl: ${feed.url}\nupdaterCacheDirName: shoal-updater\n`
      writeFileSync(join(folder, 'resources', 'app-update.yml'), place) // as the builder writes it where a feed is named
      const image = join(output, 'Shoal.AppImage')
      writeFileSync(image, 'the one that runs')
      app = await user.start({ executable: join(folder, 'shoal-desktop'), env: { APPIMAGE: image } })
      await seeLive(app.page)
      expect(await updateItems(app)).toEqual(['Look for a newer version'])
      await app.electron.evaluate(({ Menu }) => {
        const items = Menu.getApplicationMenu()?.items.flatMap(({ submenu }) => submenu?.items ?? []) ?? []
        items.find(({ label }) => label === 'Look for a newer version')?.click()
      })
      await until('it is ready', async () => (await updateItems(app))[0] === 'Restart to update to 9.9.9')
      await app.page.getByText('Version 9.9.9 is ready').waitFor()
      expect(feed.asked.filter((path) => path.includes('AppImage'))).toEqual(['/Shoal-9.9.9.AppImage'])
    } finally {
      feed.close()
    }
  })
})

/** A folder on a web server with a newer version in it. */
async function serveFeed() {
  const content = Buffer.from('the newer one')
  const sha512 = createHash('sha512').update(content).digest('base64')
  const list = `version: 9.9.9
files:
  - url: Shoal-9.9.9.AppImage
    sha512: ${sha512}
    size: ${content.length}
path: Shoal-9.9.9.AppImage
sha512: ${sha512}
releaseDate: '2026-01-01T00:00:00.000Z'
`
  const asked: string[] = []
  const server = createServer(({ url = '' }, response) => {
    asked.push(url)
    if (url.startsWith('/latest-linux.yml')) response.end(list)
    else if (url === '/Shoal-9.9.9.AppImage') response.end(content)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on TCP
  return { url: `http://127.0.0.1:${port}`, asked, close: () => server.close() }
}
