import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { until } from '#test/support/checks.ts'
import { type Ask, type PanelWorld, servePanel } from './panel-world.ts'
import { calls } from './test-table.ts'

let panel: PanelWorld
beforeAll(async () => {
  panel = await servePanel()
})
afterAll(() => panel.stop())

/** One way in of each kind. */
const doors: readonly (Ask & { readonly path: string })[] = [
  { path: '/call/echo', method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"text":"x"}' },
  { path: '/session' },
  { path: '/ws', isUpgrade: true },
]
const knock = (door: (typeof doors)[number], headers: Ask['headers']) =>
  panel.ask(door.path, { ...door, headers: { ...door.headers, ...headers } })

test('the cookie alone, which any server of this host may come to see, opens nothing, nor with another page’s key', async () => {
  const [session, other] = [await panel.openSession(), await panel.openSession()]
  const { origin } = panel
  const [key, otherKey] = [session['x-shoal-page-key'], other['x-shoal-page-key']]
  for (const door of doors) {
    const { cookie } = session
    for (const more of [{}, { 'x-shoal-page-key': otherKey }, { 'x-shoal-page-key': '' }, { 'x-shoal-page-key': `${key}0` }])
      expect([door.path, more, (await knock(door, { cookie, origin, ...more })).status]).toEqual([door.path, more, 401])
    expect([door.path, (await knock(door, { origin, 'x-shoal-page-key': key })).status]).toEqual([door.path, 401])
  }
  const offer = (pageKey: string) => {
    const headers = { cookie: session.cookie, origin, 'sec-websocket-protocol': `shoal, shoal-page-key.${pageKey}` }
    return panel.ask('/ws', { isUpgrade: true, headers })
  }
  expect((await offer(otherKey)).status).toBe(401)
  expect(await offer(key)).toMatchObject({ status: 101, headers: { 'sec-websocket-protocol': 'shoal' } })
})

test('the token for who may only look opens what changes nothing, as a program and in a browser', async () => {
  const { origin } = panel
  const bearers = { authorization: `Bearer ${panel.readToken}` }
  for (const headers of [bearers, { ...(await panel.openSession(panel.readToken)), origin }]) {
    expect(JSON.parse((await panel.ask('/session', { headers })).body)).toMatchObject({ access: 'read' })
    const call = (method: string, body: object) =>
      panel.ask(`/call/${method}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      })
    expect((await call('echo', { text: 'x' })).status).toBe(200)
    for (const [method, row] of Object.entries(calls).filter(([, { access }]) => access === 'change'))
      expect([method, row.access, (await call(method, { id: 1, value: 1 })).status]).toEqual([method, 'change', 403])
    const socket = new WebSocket(`ws://127.0.0.1:${panel.port}/ws`, { headers })
    const messages: string[] = []
    socket.on('message', (data) => messages.push(String(data as Buffer)))
    await new Promise((resolve) => socket.once('open', resolve))
    socket.send('{"id":1,"method":"set","input":{"id":1,"value":1}}')
    socket.send('{"subscribe":"terminal/x"}')
    socket.send('{"subscribe":"things"}')
    await until('it was answered', () => messages.some((message) => message.includes('"batches"')))
    expect(messages.filter((message) => message.includes('auth.refused'))).toHaveLength(2)
    socket.close()
  }
  const change = await panel.ask('/session', { headers: { authorization: `Bearer ${panel.token}` } })
  expect(JSON.parse(change.body)).toMatchObject({ access: 'change' })
})
