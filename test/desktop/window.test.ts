import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDesktopUser, type DesktopApp, type DesktopUser, seeLive, tryCall, whyNoDesktop } from '#test/support/desktop.ts'
import { until } from '#test/support/checks.ts'

const missing = whyNoDesktop()

describe.skipIf(missing !== undefined)(`a window of the desktop app${missing === undefined ? '' : ` (skipped: no ${missing})`}`, () => {
  let user: DesktopUser
  let app: DesktopApp
  let server: Server
  let port = 0
  /** Whatever reached somebody's server on this computer. */
  const reached: string[] = []

  beforeAll(async () => {
    server = createServer((request, response) => {
      reached.push(`${request.method} ${request.url}`)
      response.setHeader('access-control-allow-origin', '*').end('hello')
    })
    server.on('upgrade', (request, socket) => {
      reached.push(`upgrade ${request.url}`)
      socket.destroy()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port // it listens on TCP
    user = await createDesktopUser()
    app = await user.start()
    await seeLive(app.page)
  }, 120_000)
  afterAll(async () => {
    await app?.quit()
    await user?.dispose()
    server?.close()
  }, 60_000)

  test('shows the page of the panel, and both sides of the bridge speak', async () => {
    expect(app.page.url()).toBe('app://shoal/')
    await until('the page names itself', async () => (await app.page.title()).endsWith(' · Shoal'))
    expect(await tryCall(app.page, 'panel.info', {})).toMatchObject({ ok: true, output: { version: '0.1.0' } })
    expect(await tryCall(app.page, 'machines.add', { machines: [{ name: 'a' }] })).toMatchObject({
      ok: false,
      error: { code: 'bad-argument' },
    })
  })

  test('gives the page the bridge, and nothing of Node or Electron', async () => {
    const seen = await app.page.evaluate<{ found: string[]; bridge: string[]; versions: object }>(`({
      found: ['require', 'process', 'module', 'Buffer', 'ipcRenderer', 'electron', '__dirname', 'setImmediate'].filter((name) => window[name] !== undefined),
      bridge: Object.keys(shoalDesktop).sort(),
      versions: shoalDesktop.versions,
    })`)
    expect(seen.found).toEqual([])
    expect(seen.bridge).toEqual(['ask', 'onCommand', 'platform', 'versions', 'wire'])
    expect(seen.versions).toMatchObject({
      app: '0.1.0',
      electron: expect.stringMatching(/^\d+\./),
      chromium: expect.stringMatching(/^\d+\./),
    })
  })

  test('the page knows neither the token nor the address of the host', async () => {
    const { url, token } = await readEndpoint(user)
    const everything = await app.page.evaluate<string>(`(() => {
      const seen = new Set()
      const words = [document.documentElement.outerHTML, JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }), document.cookie]
      const walk = (value, depth) => {
        if (typeof value === 'string') words.push(value)
        if (typeof value !== 'object' || value === null || seen.has(value) || depth > 4) return
        seen.add(value)
        for (const name of Object.getOwnPropertyNames(value)) walk(value[name], depth + 1)
      }
      walk(shoalDesktop, 0)
      walk(performance.getEntries().map((entry) => entry.name), 0)
      return words.join()
    })()`)
    expect(everything.length).toBeGreaterThan(500)
    expect([everything.includes(token), everything.includes(url)]).toEqual([false, false])
  })

  test.each([
    ['fetch', (at: string) => `fetch('http://${at}/fetch').then(() => 'went', () => 'refused')`],
    [
      'a WebSocket',
      (at: string) =>
        `new Promise((resolve) => { const socket = new WebSocket('ws://${at}/socket'); socket.onopen = () => resolve('went'); socket.onerror = () => resolve('refused') })`,
    ],
    [
      'an event source',
      (at: string) =>
        `new Promise((resolve) => { const source = new EventSource('http://${at}/events'); source.onopen = () => resolve('went'); source.onerror = () => resolve('refused') })`,
    ],
    [
      'an image',
      (at: string) =>
        `new Promise((resolve) => { const image = new Image(); image.onload = () => resolve('went'); image.onerror = () => resolve('refused'); image.src = 'http://${at}/image' })`,
    ],
    [
      'a script',
      (at: string) =>
        `new Promise((resolve) => { const script = document.createElement('script'); script.onload = () => resolve('went'); script.onerror = () => resolve('refused'); script.src = 'http://${at}/script'; document.head.append(script) })`,
    ],
    ['a beacon', (at: string) => `navigator.sendBeacon('http://${at}/beacon') ? 'refused' : 'refused'`],
    [
      'a frame',
      (at: string) =>
        `new Promise((resolve) => { const frame = document.createElement('iframe'); frame.onload = () => { frame.remove(); resolve('refused') }; frame.src = 'http://${at}/frame'; document.body.append(frame) })`,
    ],
    ['the host itself', () => `fetch('app://other/x').then(() => 'went', () => 'refused')`],
    ['a file', () => `fetch('file:///etc/passwd').then(() => 'went', () => 'refused')`],
  ])('the page reaches nobody by %s', async (_name, code) => {
    expect(await app.page.evaluate(code(`127.0.0.1:${port}`))).toBe('refused')
    expect(reached).toEqual([])
  })

  test('the guard of the session refuses the network even where the policy of the page would not', async () => {
    const result = await app.electron.evaluate(async ({ session }, at) => {
      const answer = await session.defaultSession.fetch(`http://${at}/session`).then(
        () => 'went',
        () => 'refused',
      )
      return answer
    }, `127.0.0.1:${port}`)
    expect([result, reached]).toEqual(['refused', []])
  })

  test('code that comes as text is not run', async () => {
    const run = await app.page.evaluate<unknown>(`(() => {
      const script = document.createElement('script')
      script.textContent = 'window.planted = 1'
      document.head.append(script)
      return window.planted ?? 'not run'
    })()`)
    expect(run).toBe('not run')
  })

  test('only files of the page are served, each under the same guard', async () => {
    const answers = await app.electron.evaluate(async ({ net }) => {
      const ask = async (path: string) => {
        const answer = await net.fetch(`app://shoal${path}`)
        return `${answer.status} ${answer.headers.get('content-type') ?? ''} ${answer.headers.get('content-security-policy')?.includes("connect-src 'none'") ?? false}`
      }
      return [
        await ask('/c/lab/jobs/train.1'),
        await ask('/icon.svg'),
        await ask('/assets/none.js'),
        await ask('/../../package.json'),
        await ask('/%2e%2e/package.json'),
      ]
    })
    expect(answers).toEqual([
      '200 text/html; charset=utf-8 true',
      '200 image/svg+xml true',
      expect.stringMatching(/^404 .* true$/),
      expect.stringMatching(/^404 .* true$/),
      expect.stringMatching(/^404 .* true$/),
    ])
  })

  test('the page cannot be led elsewhere, and a link to the web is opened only where a person says so', async () => {
    await app.answerDialogs('Cancel')
    await app.page.evaluate(`void (location.href = 'http://127.0.0.1:${port}/away')`)
    await app.page.evaluate(`(() => {
      const link = document.createElement('a')
      link.href = 'https://example.test/docs'
      link.target = '_blank'
      document.body.append(link)
      link.click()
      window.open('http://example.test/plain')
      window.open('file:///etc/passwd')
      window.open('javascript:1')
      location.href = 'https://example.test/here'
    })()`)
    await until('both links were asked about', async () => (await app.dialogs()).length >= 2)
    expect((await app.dialogs()).map(({ detail }) => detail).sort()).toEqual(['https://example.test/docs', 'https://example.test/here'])
    expect([app.page.url(), app.electron.windows().length, reached]).toEqual(['app://shoal/', 1, []])
  })

  test('permissions are refused, but for copying', async () => {
    const granted = await app.page.evaluate(`(async () => {
      const names = ['geolocation', 'notifications', 'camera', 'microphone', 'midi', 'clipboard-read', 'clipboard-write']
      const states = await Promise.all(names.map(async (name) => [name, (await navigator.permissions.query({ name })).state]))
      return { allowed: states.filter(([, state]) => state !== 'denied'), asked: await Notification.requestPermission() }
    })()`)
    expect(granted).toEqual({ allowed: [['clipboard-write', 'granted']], asked: 'denied' })
  })

  test('its size on screen is the one of a desktop window, and it is not seen before it is drawn', async () => {
    const facts = await app.electron.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows().map((window) => ({
        isVisible: window.isVisible(),
        bounds: window.getBounds(),
        title: window.getTitle(),
      })),
    )
    expect(facts).toEqual([
      {
        isVisible: true,
        bounds: expect.objectContaining({ width: 1_280, height: 860 }),
        title: expect.stringMatching(/ · Shoal$/) as string,
      },
    ])
  })
})

async function readEndpoint(user: DesktopUser): Promise<{ url: string; token: string }> {
  const { readEndpoint: read } = await import('#src-main/storage/endpoint.ts')
  const endpoint = await read(`${user.home}/panel/data`)
  if (!endpoint) throw new Error('no panel runs')
  return endpoint
}
