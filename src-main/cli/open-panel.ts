import { setTimeout as delay } from 'node:timers/promises'
import { ClusterError } from '../../runtime/base/errors.ts'
import { createLogger, type Logger, silentLogger } from '../../runtime/base/logger.ts'
import { panel } from '../contract/panel.ts'
import { topics } from '../contract/topics.ts'
import { endOnCrash } from '../host/end-on-crash.ts'
import { openPanelHost, type PanelHost } from '../host/panel-host.ts'
import { findRunningPanel } from '../host/running-panel.ts'
import { PanelClient } from '../web/panel-client.ts'

import type { PanelSession } from './panel-session.ts'

/** How long another command of this user may hold the data folder before we give up. */
const patienceMs = 10_000
const askEveryMs = 200

/**
 * The panel that runs on this computer, or one in this process that ends with it.
 * @throws ClusterError `storage.in-use` when another command holds the data folder for too long
 */
export async function openPanel(): Promise<PanelSession> {
  const untilMs = performance.now() + patienceMs
  for (;;) {
    const running = await findRunningPanel()
    if (running) return sessionOfClient(new PanelClient(panel, { url: running.url, token: running.token }))
    try {
      const host = await openPanelHost({ logger: commandLogger() })
      endOnCrash({ logger: createLogger('panel', toStderr, { level: 'error' }), letGo: () => host.abandon() })
      return sessionOfHost(host)
    } catch (error) {
      const isInUse = error instanceof ClusterError && error.code === 'storage.in-use'
      if (!isInUse || performance.now() > untilMs) throw error
    }
    await delay(askEveryMs)
  }
}

/** A command says what it has to say itself; the log of its panel is for who looks for a defect. */
const commandLogger = (): Logger => (process.env['SHOAL_DEBUG'] ? createLogger('panel', toStderr, { level: 'debug' }) : silentLogger)
const toStderr = (line: string) => void process.stderr.write(line)

/** Topics without a snapshot begin with all that is still known: what came before we listened is ours too. */
const beginOf = (topic: string): { since?: number } => (topic.includes('/') ? { since: 0 } : {})

function sessionOfHost(host: PanelHost): PanelSession {
  return {
    warnings: host.warnings,
    call: (method, input, options) => host.call(method, input, options),
    subscribe(topic, onEvent) {
      return host.hub.subscribe(topic, beginOf(topic), ({ events }) => {
        for (const event of events) onEvent(JSON.parse(event))
      })
    },
    close: () => host.close(),
  }
}

function sessionOfClient(client: PanelClient<typeof panel>): PanelSession {
  return {
    warnings: [],
    call: (method, input, options) => client.call(method, input, options),
    subscribe(topic, onEvent) {
      const end = client.subscribe(topic, schemaOf(topic), { ...beginOf(topic), onEvents: ({ events }) => events.forEach(onEvent) })
      return { close: end }
    },
    async close() {
      client.close()
    },
  }
}

function schemaOf(topic: string) {
  const [start = ''] = topic.split('/')
  const family = Object.values(topics).find(({ pattern }) => pattern === topic || pattern === `${start}/:id`)
  if (!family) throw new ClusterError('not-found', `there is no topic ${topic}`)
  return family.event
}
