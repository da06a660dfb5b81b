import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { systemClock } from '#runtime/base/clock.ts'
import { silentLogger } from '#runtime/base/logger.ts'
import { rayVersionOf } from '#runtime/api/version.ts'
import { defaultHeadConfig } from '#runtime/head/core/config.ts'
import { Head } from '#runtime/head/head.ts'
import { feedHistory } from '#runtime/head/history/head-feed.ts'
import { History } from '#runtime/head/history/history.ts'
import { openTokens, type TokenCheck } from '#runtime/head/http/authenticate.ts'
import type { HttpParts } from '#runtime/head/http/parts.ts'
import { type HttpOptions, serveHttp } from '#runtime/head/http/serve-http.ts'
import { openServices } from '#runtime/head/services.ts'
import { HeadStore } from '#runtime/head/store.ts'
import { tokenFileOf } from '#runtime/session/api-tokens.ts'
import { makeSessionFolders, sessionLayout } from '#runtime/session/layout.ts'
import { aFolder } from '../head-process.ts'

export type InProcess = { readonly parts: HttpParts; readonly tokens: TokenCheck; readonly token: string }

/** What the routes of a head are made from, all of it real, in this process. */
export async function someParts(): Promise<InProcess> {
  const layout = sessionLayout(aFolder())
  makeSessionFolders(layout)
  const store = new HeadStore(layout.databasePath)
  const history = new History({ path: join(layout.headDir, 'history.sqlite'), logger: silentLogger })
  const head = new Head({ config: defaultHeadConfig, store, events: history, clock: systemClock, logger: silentLogger })
  const base = {
    head,
    history,
    ended: feedHistory(head, history),
    store,
    layout,
    logger: silentLogger,
    clock: systemClock,
    clusterId: 'c'.repeat(32),
    version: '0.1.0',
  }
  const tokens = openTokens(layout)
  const services = await openServices(base)
  onTestFinished(async () => {
    head.close()
    services.close()
    await history.close()
    store.close()
  })
  const parts: HttpParts = {
    ...base,
    ...services,
    rayVersion: rayVersionOf(base.version),
    sessionName: 'session_2026-01-01_00-00-00_000000_1',
    startedAtMs: 1,
    apiAddress: () => '127.0.0.1:1',
  }
  return { parts, tokens, token: readFileSync(tokenFileOf(layout, 'full'), 'utf8').trim() }
}

export type Served = InProcess & { readonly host: string; readonly port: number }

/** The HTTP server alone, with limits that a test can reach. */
export async function serveInProcess(options: Omit<HttpOptions, 'tokens'> = {}): Promise<Served> {
  const made = await someParts()
  const server = await serveHttp(made.parts, { host: '127.0.0.1', port: 0, allowedHosts: [] }, { ...options, tokens: made.tokens })
  onTestFinished(() => server.close())
  return { ...made, host: '127.0.0.1', port: server.port }
}
