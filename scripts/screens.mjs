import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ensureBuilt } from './build.mjs'
import { ensureInstalled } from './install.mjs'
import { ensurePayloads } from './payload.mjs'
import { ensureRenderer } from './renderer.mjs'
import { repository } from './repository.mjs'
import { runtimeNode } from './runtime-node.mjs'

// `node scripts/screens.mjs [folder]`: the pictures of the README, of a real cluster on this machine with the sample jobs.
const target = process.argv[2] ?? join(repository, 'docs', 'screens')
const shots = [
  { name: 'overview', path: '/c/local/overview', theme: 'light' },
  { name: 'tasks', path: '/c/local/tasks', theme: 'light' },
  { name: 'timeline', path: '/c/local/timeline', theme: 'dark' },
  { name: 'logs', path: '/c/local/logs', theme: 'dark' },
]
const warmUpMs = 75_000 // for lines that show something

ensureInstalled()
await ensureBuilt({ quiet: true })
await ensureRenderer({ quiet: true })
ensurePayloads()
const { chromium } = await import('@playwright/test')
const home = mkdtempSync(join(tmpdir(), 'shoal-screens-'))
const env = { ...process.env, HOME: home, SHOAL_PANEL_HOME: join(home, 'panel') }
const panel = spawn(runtimeNode(), ['--no-warnings', join(repository, 'dist', 'panel', 'cli.mjs'), 'panel', '--json', '--no-open'], {
  env,
  stdio: ['ignore', 'pipe', 'inherit'],
})
const [said] = await once(panel.stdout, 'data')
const { url, urlWithToken } = JSON.parse(String(said))
const headers = { authorization: `Bearer ${urlWithToken.split('=')[1]}`, 'content-type': 'application/json' }
const call = async (method, input) => {
  const answer = await fetch(`${url}/call/${method}`, { method: 'POST', headers, body: JSON.stringify(input) })
  const { output, error } = await answer.json()
  if (error) throw new Error(`${method}: ${error.message}`)
  return output
}
const ended = async (operationId) => {
  while ((await call('operations.get', { operationId })).state === 'running') await delay(300)
}
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
})
try {
  await ended((await call('clusters.startLocal', {})).operationId)
  console.log('The cluster runs; it gets a while to have something to show.')
  await delay(warmUpMs)
  mkdirSync(target, { recursive: true })
  for (const { name, path, theme } of shots) {
    const context = await browser.newContext({ viewport: { width: 1_440, height: 900 }, colorScheme: theme, locale: 'en-GB' })
    const page = await context.newPage()
    await page.goto(urlWithToken)
    await page.getByText('Live', { exact: true }).waitFor()
    await page.goto(`${url}${path}`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await delay(3_000)
    await page.screenshot({ path: join(target, `${name}.png`) })
    await context.close()
    console.log(`docs/screens/${name}.png`)
  }
} finally {
  await browser.close()
  await ended((await call('clusters.down', { cluster: 'local', force: true })).operationId)
  panel.kill('SIGINT')
  await once(panel, 'exit')
  rmSync(home, { recursive: true, force: true })
}
