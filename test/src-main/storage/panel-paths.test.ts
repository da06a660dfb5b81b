import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { panelPaths } from '#src-main/storage/panel-paths.ts'
import { temporaryFolder } from './support.ts'

const home = '/home/user'

test('each system has its own places', () => {
  expect(panelPaths({ env: {}, platform: 'linux', home })).toEqual({
    config: '/home/user/.config/shoal',
    data: '/home/user/.local/share/shoal',
    cache: '/home/user/.cache/shoal',
    state: '/home/user/.local/state/shoal',
  })
  expect(panelPaths({ env: {}, platform: 'darwin', home }).data).toBe('/home/user/Library/Application Support/shoal')
  const windows = panelPaths({ env: { APPDATA: 'R', LOCALAPPDATA: 'L' }, platform: 'win32', home })
  expect([windows.config, windows.data].map((path) => path.split(/[\\/]/))).toEqual([
    ['R', 'shoal', 'Config'],
    ['L', 'shoal', 'Data'],
  ])
})

test('XDG variables count when they are absolute', () => {
  const env = { XDG_DATA_HOME: '/srv/data', XDG_CACHE_HOME: 'relative' }
  const paths = panelPaths({ env, platform: 'linux', home })
  expect([paths.data, paths.cache]).toEqual(['/srv/data/shoal', '/home/user/.cache/shoal'])
})

test('SHOAL_PANEL_HOME goes before all', async () => {
  const own = join(await temporaryFolder(), 'own')
  await mkdir(own)
  const paths = panelPaths({ env: { SHOAL_PANEL_HOME: own, XDG_DATA_HOME: '/srv/data' }, platform: 'linux', home })
  expect(Object.values(paths).every((path) => path.startsWith(own))).toBe(true)
})
