import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { until } from '#test/support/checks.ts'
import { type Chromium, type Page, startChromium, whyNoChromium } from '#test/support/chromium.ts'
import { type PanelWorld, servePanel } from './panel-world.ts'
import { ThingEvent } from './test-table.ts'

const missing = whyNoChromium()

/** A server of somebody else on this computer. It lets everybody do everything, and tells what came. */
class OpenServer {
  readonly received: { method: string; path: string; cookie: string; body: string }[] = []
  readonly #server: Server
  readonly #sockets = new WebSocketServer({ noServer: true })

  constructor() {
    this.#server = createServer((request, response) => {
      const { method = '', url = '', headers } = request
      let body = ''
      request.on('data', (part: Buffer) => (body += part.toString()))
      request.on('end', () => {
        this.received.push({ method, path: url, cookie: headers.cookie ?? '', body })
        const allowed = { 'Access-Control-Allow-Origin': headers.origin ?? '*', 'Access-Control-Allow-Credentials': 'true' }
        response.writeHead(200, { 'Access-Control-Allow-Headers': 'content-type', 'Content-Type': 'text/html', ...allowed })
        response.end('<!doctype html><title>open</title><link rel="icon" href="data:,">')
      })
    })
    this.#server.on('upgrade', (request, socket, head) =>
      this.#sockets.handleUpgrade(request, socket, head, (opened: WebSocket) => opened.send('hello')),
    )
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port // it listens on TCP
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

describe.skipIf(missing !== undefined)(`in a real browser${missing === undefined ? '' : ` (skipped: no ${missing})`}`, () => {
  let browser: Chromium
  let panel: PanelWorld
  let page: Page
  const [evil, victim] = [new OpenServer(), new OpenServer()]

  beforeAll(async () => {
    await Promise.all([evil.listen(), victim.listen()])
    ;[panel, browser] = await Promise.all([servePanel(), startChromium()])
    page = await browser.newPage()
    await page.open(panel.urlWithToken)
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await panel?.stop()
    evil.close()
    victim.close()
  })

  const stateOf = (tab: Page) => tab.value<string>(`document.getElementById('state').textContent`)
  const says = (tab: Page, word: string) => until(`the page says ${word}`, async () => (await stateOf(tab)).startsWith(word))

  test('the link opens the panel, and its token is gone from the address, the history and all that the page keeps', async () => {
    await says(page, 'Connected.')
    expect(await page.value('location.href')).toBe(`${panel.url}/`)
    const kept = await page.value('JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, history.state])')
    expect(kept).not.toContain(panel.token)
    expect(await page.value('document.cookie')).toBe('')
    expect(kept).toMatch(/"shoal-page-key":"[0-9a-f]{64}"/) // the search looks at what is there
    const { entries } = await page.send('Page.getNavigationHistory')
    const addresses = (entries as { url: string }[]).map(({ url }) => url) // of the protocol
    expect(addresses).toEqual(['about:blank', `${panel.url}/`])
  })

  test('the page opens again without the link, also in a second tab, and by another name of the host it does not', async () => {
    await page.open(`${panel.url}/clusters`)
    await says(page, 'Connected.')
    const second = await browser.newPage()
    await second.open(panel.url)
    await says(second, 'Connected.')
    await second.open(panel.url.replace('127.0.0.1', 'localhost'))
    await says(second, 'Not signed in.')
    expect(await second.value('localStorage.length')).toBe(0)
    expect(await page.value('localStorage.length')).toBe(1)
  })

  test('no script but those of the panel runs in its page, and nothing is loaded from elsewhere', async () => {
    const tried = await page.value<{ inline: string; image: string }>(`(async () => {
      const script = document.createElement('script')
      script.textContent = 'window.injected = 1'
      document.body.append(script)
      document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="window.injected = 2">')
      const image = new Image()
      const loaded = new Promise((resolve) => { image.onload = () => resolve('loaded'); image.onerror = () => resolve('refused') })
      image.src = 'http://127.0.0.1:${evil.port}/pixel'
      return { inline: String(window.injected), image: await loaded }
    })()`)
    expect(tried).toEqual({ inline: 'undefined', image: 'refused' })
    await expect(page.value(`fetch('http://127.0.0.1:${evil.port}/steal')`)).rejects.toThrow('Failed to fetch')
    expect(evil.received.filter(({ path }) => path !== '/favicon.ico')).toEqual([])
  })

  /** What a page of another origin comes to see of a server: of each way in, what came back. */
  const attack = (target: string) => `(async () => {
    const read = async (path, options) => {
      try {
        const answer = await fetch('http://${target}' + path, { credentials: 'include', ...options })
        return answer.type === 'opaque' ? 'opaque' : answer.status + ' ' + (await answer.text()).slice(0, 30)
      } catch { return 'refused' }
    }
    const order = JSON.stringify({ id: 7, value: 7 })
    const json = { 'content-type': 'application/json' }
    const socket = await new Promise((resolve) => {
      const opened = new WebSocket('ws://${target}/ws', ['shoal', 'shoal-page-key.' + '0'.repeat(64)])
      opened.onmessage = ({ data }) => resolve('heard ' + data.slice(0, 20))
      opened.onclose = () => resolve('refused')
    })
    return {
      page: await read('/', {}),
      session: await read('/session', {}),
      call: await read('/call/set', { method: 'POST', headers: json, body: order }),
      plain: await read('/call/set', { method: 'POST', body: order }),
      blind: await read('/call/set', { method: 'POST', mode: 'no-cors', body: order }),
      socket,
    }
  })()`

  test.each(['127.0.0.1', 'localhost'])('a page of another server at %s reads nothing and changes nothing', async (name) => {
    const seen = new Set<number>()
    const client = panel.client()
    client.subscribe('things', ThingEvent, { onEvents: ({ events }) => events.forEach(({ id }) => seen.add(id)) })
    const tab = await browser.newPage()
    await tab.open(`http://${name}:${evil.port}/`)
    const refused = { page: 'refused', session: 'refused', call: 'refused', plain: 'refused', blind: 'refused', socket: 'refused' }
    expect(await tab.value(attack(`127.0.0.1:${panel.port}`))).toEqual(refused)
    const read = expect.stringMatching(/^200 </)
    const open = { page: read, session: read, call: read, plain: read, blind: 'opaque', socket: 'heard hello' }
    expect(await tab.value(attack(`127.0.0.1:${victim.port}`))).toEqual(open) // the same, where nobody guards
    await post(tab, `127.0.0.1:${panel.port}`)
    await post(tab, `127.0.0.1:${victim.port}`)
    await until('the form arrived where nobody guards', () => victim.received.some(({ body }) => body.startsWith('{"id":7,')))
    await client.call('set', { id: 99, value: 1 })
    await until('our own order came', () => seen.has(99))
    expect([...seen]).toEqual([99])
  })

  /** As a form, whose body is nearly what a call takes, in a window of its own. */
  async function post(tab: Page, target: string): Promise<void> {
    await tab.clicked(`(() => {
      const form = document.createElement('form')
      Object.assign(form, { method: 'post', enctype: 'text/plain', target: '_blank', action: 'http://${target}/call/set' })
      const field = document.createElement('input')
      Object.assign(field, { name: '{"id":7,"value":7,"more":"', value: '"}' })
      form.append(field)
      document.body.append(form)
      form.submit()
    })()`)
    await new Promise((resolve) => setTimeout(resolve, 300))
  }

  test.each(['127.0.0.1', 'localhost'])('a page of another server at %s cannot frame the panel', async (name) => {
    const tab = await browser.newPage()
    const framed = async (target: string) => {
      await tab.open(`http://${name}:${evil.port}/`)
      await tab.value(`new Promise((resolve) => {
        const frame = document.createElement('iframe')
        frame.onload = resolve
        frame.src = '${target}'
        document.body.append(frame)
      })`)
      const { frameTree } = await tab.send('Page.getFrameTree')
      const { childFrames = [] } = frameTree as { childFrames?: { frame: { url: string; unreachableUrl?: string } }[] } // of the protocol
      return childFrames.map(({ frame }) => ({ url: frame.url, unreachableUrl: frame.unreachableUrl }))
    }
    expect(await framed(`${panel.url}/`)).toEqual([{ url: 'chrome-error://chromewebdata/', unreachableUrl: `${panel.url}/` }])
    const open = `http://127.0.0.1:${victim.port}/`
    expect(await framed(open)).toEqual([{ url: open, unreachableUrl: undefined }])
  })

  test('the cookie comes to other servers of the host, and opens nothing for them', async () => {
    const tab = await browser.newPage()
    await tab.open(`http://127.0.0.1:${evil.port}/visited`)
    const { cookie } = evil.received.find(({ path }) => path === '/visited') ?? { cookie: '' }
    expect(cookie).toContain(`${panel.cookieName}=`) // browsers do not keep cookies apart by port
    const headers = { cookie, origin: panel.origin, 'content-type': 'application/json' }
    expect((await panel.ask('/session', { headers })).status).toBe(401)
    expect((await panel.ask('/call/set', { method: 'POST', headers, body: '{"id":7,"value":7}' })).status).toBe(401)
    expect((await panel.ask('/ws', { isUpgrade: true, headers })).status).toBe(401)
  })
})
