import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { silentLogger } from '#runtime/base/logger.ts'
import { listAssets } from '#src-main/web/assets.ts'
import { startWebServer, type WebServerOptions } from '#src-main/web/web-server.ts'
import { rejection, until } from '#test/support/checks.ts'
import { servePanel } from './panel-world.ts'

const noHub = { subscribe: () => expect.unreachable(), accessOf: () => expect.unreachable() }

test('a session that must make room for newer ones ends, and its open socket with it', async () => {
  const [panel, other] = await Promise.all([servePanel(), servePanel({ limits: { sessions: { maxSessions: 2 } } })])
  try {
    const first = await other.openSession()
    const socket = new WebSocket(`ws://127.0.0.1:${other.port}/ws`, { headers: { ...first, origin: other.origin } })
    let code = 0
    socket.once('close', (closedWith) => void (code = closedWith))
    await new Promise((resolve) => socket.once('open', resolve))
    const second = await other.openSession()
    await other.openSession()
    await until('the first one ended', () => code === 4401)
    expect((await other.ask('/session', { headers: first })).status).toBe(401)
    expect((await other.ask('/session', { headers: second })).status).toBe(200)
    // A session of another panel, under the name of this one's cookie.
    const value = second.cookie.split('=')[1]
    expect((await panel.ask('/session', { headers: { ...second, cookie: `${panel.cookieName}=${value}` } })).status).toBe(401)
  } finally {
    await Promise.all([panel.stop(), other.stop()])
  }
})

test('it listens on loopback only, and says so to who wants more', async () => {
  for (const host of ['0.0.0.0', '::', 'localhost', '10.0.0.1', '', '127.0.0.2']) {
    // The type lets no other address pass; a caller in plain JavaScript could still give one.
    const options = {
      host,
      port: 0,
      dispatch: () => expect.unreachable(),
      hub: noHub,
      logger: silentLogger,
    }
    expect(await rejection(startWebServer(options as unknown as WebServerOptions))).toMatchObject({ code: 'bad-argument' })
  }
  const panel = await servePanel()
  const listening = readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .filter((line) => line.includes(`:${panel.port.toString(16).toUpperCase().padStart(4, '0')} `) && / 0A /.test(line))
  expect(listening.map((line) => line.trim().split(/\s+/)[1]?.split(':')[0])).toEqual(['0100007F'])
  await panel.stop()
})

test('a folder without a page is refused when the panel starts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-page-'))
  expect(() => listAssets(folder)).toThrow(/no index\.html/)
  rmSync(folder, { recursive: true })
  expect(() => listAssets(folder)).toThrow(/cannot be read/)
})

test('the link holds the token where no browser sends it, and the page of the panel itself takes it away', async () => {
  const panel = await servePanel()
  const [page, script] = await Promise.all([panel.ask('/'), panel.ask('/start.js')])
  await panel.stop()
  expect(panel.urlWithToken).toBe(`${panel.url}/#token=${panel.token}`)
  expect(page.body).not.toMatch(/<script>|on\w+=|style=/) // the policy would not run it
  expect(script.body).toContain("history.replaceState(null, '', location.pathname)")
})

test('a port that is taken is told, with what to do', async () => {
  const panel = await servePanel()
  const options = { host: '127.0.0.1', port: panel.port, dispatch: () => expect.unreachable(), logger: silentLogger } as const
  expect(await rejection(startWebServer({ ...options, hub: noHub }))).toMatchObject({
    code: 'bad-argument',
    message: expect.stringContaining('give another port, or 0'),
    details: { reason: 'EADDRINUSE' },
  })
  await panel.stop()
})

test('files named by their content may be kept by the browser, the page itself may not; one that is gone is told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-page-'))
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), '<title>page</title>')
  writeFileSync(join(folder, 'assets', 'app-1a2b.js'), 'app()')
  const panel = await servePanel({ assets: folder })
  const ask = async (path: string) => {
    const { status, headers, body } = await panel.ask(path)
    return { status, kept: headers['cache-control'], body }
  }
  expect(await ask('/')).toEqual({ status: 200, kept: 'no-store', body: '<title>page</title>' })
  expect(await ask('/assets/app-1a2b.js')).toEqual({ status: 200, kept: 'private, max-age=31536000, immutable', body: 'app()' })
  rmSync(folder, { recursive: true })
  expect(await ask('/assets/app-1a2b.js')).toMatchObject({
    status: 404,
    kept: 'no-store',
    body: expect.stringContaining('build the page again'),
  })
  await panel.stop()
})
