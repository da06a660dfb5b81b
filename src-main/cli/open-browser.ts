import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'

const browserStartsMs = 10_000

/** Whether somebody who started us sits before a desktop of this computer. */
export const hasDesktop = (env: NodeJS.ProcessEnv, platform: NodeJS.Platform): boolean =>
  env['SSH_CONNECTION'] === undefined && (platform !== 'linux' || Boolean(env['DISPLAY'] ?? env['WAYLAND_DISPLAY']))

/**
 * Shows an address with a secret in the user's browser. A command line is for everybody to see, so the browser is given a file of this
 * user alone that leads there; `forget` removes it, `whenRead` waits
 * as long as a browser may take to read it and does so then.
 */
export function openBrowser(address: string): { forget(): void; whenRead(): Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-open-')) // 0700
  const file = join(folder, 'panel.html')
  writeFileSync(
    file,
    `<!doctype html><meta charset="utf-8"><title>Shoal</title><script>location.replace(${JSON.stringify(address)})</script>\n`,
    {
      mode: 0o600,
    },
  )
  const [program, ...before] = openers[process.platform] ?? openers.linux
  spawn(program, [...before, pathToFileURL(file).href], { stdio: 'ignore', detached: true })
    .on('error', () => {}) // there is no such program here; the address was printed
    .unref()
  const forget = () => rmSync(folder, { recursive: true, force: true })
  return {
    forget,
    async whenRead() {
      await delay(browserStartsMs)
      forget()
    },
  }
}

const linux = ['xdg-open'] as const
const openers: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> & { linux: readonly [string] } = {
  linux,
  darwin: ['open'],
  win32: ['explorer.exe'],
}
