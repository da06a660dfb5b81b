import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repository } from '../tidy/repository-files.ts'
import { createScratchTree } from './scratch-tree.ts'

/** On which nobody listens. */
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo // it listens on TCP
      server.close(() => resolve(port))
    })
  })

/** Where it was downloaded, the command would start it. */
const isThere = existsSync(join(repository, 'node_modules', 'electron', 'dist'))

test.skipIf(isThere)(
  'where no Electron can be had, the desktop command says why, and how to open the same panel all the same',
  async () => {
    using tree = createScratchTree()
    const port = await freePort()
    // Nothing answers there, as with a download that a firewall keeps out.
    const { code, output } = tree.run('desktop.mjs', [], {
      ELECTRON_OVERRIDE_DIST_PATH: tree.folder,
      ELECTRON_MIRROR: `http://127.0.0.1:${port}/`,
    })
    expect(code).toBe(1)
    expect(output).toContain(`Electron could not be had: http://127.0.0.1:${port}/ did not answer.\n`)
    expect(output).toContain('npm start')
    expect(output).toContain('ELECTRON_MIRROR=<address> npm run desktop')
    expect(output).not.toMatch(/^\s+at /m)
  },
)

test('the desktop part is built where it is asked for: two files that Electron loads, and its icons', () => {
  using tree = createScratchTree()
  tree.write('src-main/electron/main.ts', "import { app } from 'electron'\nconsole.log(app)\n")
  tree.write('src-main/electron/preload.ts', "import { contextBridge } from 'electron'\ncontextBridge.exposeInMainWorld('x', 1)\n")
  tree.write('src-main/electron/icons/tray.png', 'a picture')
  expect(tree.run('build.mjs').output).not.toContain('desktop')
  expect(tree.run('build.mjs', ['desktop'])).toMatchObject({ code: 0, output: expect.stringMatching(/^build: dist\/desktop in [\d.]+ s/) })
  const desktop = join(tree.folder, 'dist', 'desktop')
  const listed = readdirSync(desktop, { recursive: true }).filter((name) => !String(name).endsWith('.map'))
  expect(listed.sort()).toEqual(['build.json', 'icons', 'icons/tray.png', 'main.cjs', 'preload.cjs'])
  expect(readFileSync(join(desktop, 'preload.cjs'), 'utf8')).toContain('require("electron")')
})
