import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { until } from '#test/support/checks.ts'
import { type PanelWorld, servePanel } from './panel-world.ts'

let panel: PanelWorld
beforeAll(async () => {
  panel = await servePanel()
})
afterAll(async () => panel.stop())

test('10,000 events a second reach one socket in about 20 frames a second, with none lost, at a small cost', async () => {
  const seconds = 3
  const count = 10_000 * seconds
  const client = panel.client()
  const socket = new WebSocket(`ws://127.0.0.1:${panel.port}/ws`, {
    headers: { authorization: `Bearer ${panel.token}` },
    perMessageDeflate: false,
  })
  let frames = 0
  let next = 1
  let wrong = 0
  socket.on('message', (data) => {
    const message = JSON.parse(String(data as Buffer)) as { batches?: { events: [number, string][]; gap?: object }[] } // as the panel sends it
    if (message.batches === undefined) return
    frames += 1
    for (const { events, gap } of message.batches) {
      if (gap !== undefined) wrong += 1
      for (const [number] of events) if (number !== next++) wrong += 1
    }
  })
  await new Promise((resolve) => socket.once('open', resolve))
  socket.send(JSON.stringify({ subscribe: 'log/fast' }))
  await until('it listens', () => frames === 1)
  const before = await client.call('facts', {})
  const startedMs = performance.now()
  await client.call('publish', { topic: 'log/fast', from: 1, count, bytes: 100, perSecond: 10_000 })
  await until('all came', () => next === count + 1)
  const tookMs = performance.now() - startedMs
  const cpuMs = (await client.call('facts', {})).cpuMs - before.cpuMs
  socket.terminate()
  const framesPerSecond = (frames - 1) / (tookMs / 1_000)
  process.stdout.write(
    `web: ${Math.round(count / (tookMs / 1_000))} events/s in ${framesPerSecond.toFixed(1)} frames/s, ${Math.round((cpuMs / tookMs) * 100)} % of a core in the panel\n`,
  )
  expect(wrong).toBe(0)
  expect(framesPerSecond).toBeLessThanOrEqual(22)
  expect(cpuMs / tookMs).toBeLessThan(0.5)
})
