import { app } from 'electron'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { panelPaths } from '../storage/panel-paths.ts'

/** What the desktop keeps and uses on this computer. */
export type Places = {
  /** Preferences, windows, and what Chromium keeps for the page: this user's alone. */
  readonly data: string
  readonly log: string
  /** The built page. */
  readonly page: string
  readonly preload: string
  readonly icons: string
  /** Node 24 and the panel's command line: plain files, as no other program reads Electron's archive. */
  readonly node: string
  readonly program: string
}

/** Makes the folders and tells Electron of them; before anything else that asks for one. */
export function claimPlaces(): Places {
  const { config, state } = panelPaths()
  const data = join(config, 'desktop')
  for (const folder of [data, state]) mkdirSync(folder, { recursive: true, mode: 0o700 })
  app.setPath('userData', data)
  app.setPath('crashDumps', join(state, 'crashes'))
  const root = app.getAppPath()
  const host = app.isPackaged ? join(process.resourcesPath, 'host') : root
  return {
    data,
    log: join(state, 'desktop.log'),
    page: join(root, 'dist', 'renderer'),
    preload: join(root, 'dist', 'desktop', 'preload.cjs'),
    icons: join(root, 'dist', 'desktop', 'icons'),
    node: findNode(host),
    program: join(host, 'dist', 'panel', 'cli.mjs'),
  }
}

function findNode(host: string): string {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  if (app.isPackaged) return join(host, 'bin', name)
  const installed = join(host, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', name)
  return process.env['SHOAL_NODE'] ?? (existsSync(installed) ? installed : name)
}
