// A panel in a process of its own: says where it is on standard output, logs on standard error, and ends with its standard input.
import { createLogger } from '#runtime/base/logger.ts'
import type { Handlers } from '#src-main/host/call-table.ts'
import { createDispatch } from '#src-main/host/dispatch.ts'
import { TopicHub } from '#src-main/topics/topic-hub.ts'
import { startWebServer, type WebLimits } from '#src-main/web/web-server.ts'
import { calls, innerWords, topics } from './test-table.ts'

const logger = createLogger('panel', (line) => void process.stderr.write(line), { level: 'debug' })
const hub = new TopicHub(topics, { logger })
const things = new Map<number, number>()
hub.provide('things', { snapshot: () => [...things].map(([id, value]) => ({ id, value })) })
const pressure: boolean[] = []
hub.provide('terminal/:id', { onPressure: (_topic, isHigh) => void pressure.push(isHigh) })

let waiting = 0
let aborted = 0
const publish = (topic: string, event: [number, string]) =>
  topic.startsWith('terminal/') ? hub.publish(`terminal/${topic.slice(9)}`, event) : hub.publish(`log/${topic.slice(4)}`, event)

const handlers: Handlers<typeof calls> = {
  echo: ({ text }) => ({ text }),
  large: ({ bytes }) => 'x'.repeat(bytes),
  fail: () => {
    throw new Error(innerWords)
  },
  wait: async (_input, { signal }) => {
    waiting += 1
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    waiting -= 1
    aborted += 1
    return {}
  },
  publish: async ({ topic, from, count, bytes, perSecond }) => {
    const text = 'x'.repeat(bytes)
    const startedMs = performance.now()
    for (let sent = 0; sent < count; ) {
      const due = perSecond === 0 ? count : Math.min(count, Math.ceil(((performance.now() - startedMs) / 1_000) * perSecond))
      for (; sent < due; sent += 1) publish(topic, [from + sent, text])
      if (sent < count) await new Promise((resolve) => setTimeout(resolve, 2))
    }
    return {}
  },
  set: ({ id, value }) => {
    things.set(id, value)
    hub.publish('things', { id, value })
    return {}
  },
  facts: () => {
    const { user, system } = process.cpuUsage()
    const { title, argv } = process
    return { waiting, aborted, cpuMs: (user + system) / 1_000, rssBytes: process.memoryUsage.rss(), title, argv, pressure }
  },
}

const {
  assets,
  port = 0,
  limits,
} = JSON.parse(process.env['SHOAL_TEST_PANEL'] ?? '{}') as { assets?: string; port?: number; limits?: WebLimits } // set by panel-world.ts
const dispatch = createDispatch(calls, handlers, { logger, checkOutputs: true, maxCallsPerCaller: 200 })
const server = await startWebServer({
  ...{ host: '127.0.0.1', port, dispatch, hub, logger },
  ...(assets === undefined ? {} : { assets }),
  ...(limits === undefined ? {} : { limits }),
})
const { url, urlWithToken, token, readToken } = server
process.stdout.write(`${JSON.stringify({ url, urlWithToken, token, readToken })}\n`)
process.stdin.resume().once('end', () => {
  hub.close()
  void server.close().then(() => process.exit(0))
})
