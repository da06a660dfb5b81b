import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../base/clock.ts'
import { ClusterError, toError } from '../base/errors.ts'
import { createLogger, type Logger } from '../base/logger.ts'
import { sayFailed, sayReady, surviveLostOutput, watchParent } from '../session/daemon.ts'
import { makeSessionFolders, type SessionLayout, sessionLayout } from '../session/layout.ts'
import { processRecord, writeFileAtomic } from '../session/process-record.ts'
import { findRunning, type HeadRecord } from '../session/session-records.ts'
import { defaultHeadConfig, type HeadConfig } from './core/config.ts'
import { Head } from './head.ts'
import { type HeadServer, serveHead } from './head-server.ts'
import { feedHistory } from './history/head-feed.ts'
import { History } from './history/history.ts'
import type { ApiPlace, StartedApi } from './http/start-api.ts'
import { HeadStore } from './store.ts'

const version = '0.1.0'

type Flags = {
  readonly tempDir: string
  /** Null: no TLS port. Port 0: the one of the last start when it is free, else any. */
  readonly listen: { readonly host: string; readonly port: number } | null
  /** The host name under which other machines reach this one. @default the one listened on */
  readonly advertise: string | undefined
  /** Null: no HTTP API. */
  readonly api: ApiPlace | null
  readonly config: Partial<HeadConfig>
  readonly isBoundToParent: boolean
}

const logger = createLogger('head', (line) => process.stderr.write(line))

surviveLostOutput()
process.umask(0o077) // every file of ours is for this user only
try {
  await run(readFlags(process.argv.slice(2)))
} catch (error) {
  logger.error('head.start-failed', { reason: toError(error).message })
  sayFailed(toError(error))
  process.exitCode = 1
}

async function run(flags: Flags): Promise<void> {
  const layout = sessionLayout(flags.tempDir)
  const running = findRunning<HeadRecord>(layout.headRecord)
  if (running) {
    throw new ClusterError(
      'cluster.start-failed',
      `a head runs in ${flags.tempDir} already, as process ${running.pid}; stop it, or use another folder`,
      {
        details: { pid: running.pid },
      },
    )
  }
  makeSessionFolders(layout)
  const store = new HeadStore(layout.databasePath)
  const clusterId = store.findFact('clusterId') ?? randomBytes(16).toString('hex')
  store.setFact('clusterId', clusterId)
  const seed = randomBytes(4).readUInt32LE()
  const config = { ...defaultHeadConfig, seed, ...flags.config, clusterId }
  const history = new History({ path: join(layout.headDir, 'history.sqlite'), logger })
  const head = new Head({ config, store, events: history, clock: systemClock, logger })
  const ended = feedHistory(head, history)
  const base = { head, history, ended, store, layout, logger, clock: systemClock, clusterId, version }
  // Its code is loaded only where it is served: a cluster inside a program starts without it.
  const api = flags.api === null ? undefined : await (await import('./http/start-api.ts')).startApi(base, flags.api)
  const server = await serve(flags, { layout, store, head, clusterId, api })
  const address = flags.listen === null ? '' : `${bracketed(flags.advertise ?? flags.listen.host)}:${server.port}`
  if (server.port !== 0) store.setFact('port', String(server.port))
  const apiAddress = api?.address ?? ''
  const record: HeadRecord = { ...processRecord(), clusterId, address, apiAddress, socketPath: layout.headSocket, startedAtMs: Date.now() }
  writeFileAtomic(layout.headRecord, JSON.stringify(record))
  stopOnSignals(flags, async () => {
    server.close()
    head.close()
    api?.close() // last of those that hear of what the head still wrote
    store.close()
    rmSync(layout.headRecord, { force: true })
    rmSync(layout.headSocket, { force: true })
    await history.close()
  })
  logger.info('head.ready', { clusterId, address, apiAddress, pid: process.pid })
  sayReady({ clusterId, address, apiAddress, port: server.port, pid: process.pid })
}

type Parts = {
  readonly layout: SessionLayout
  readonly store: HeadStore
  readonly head: Head
  readonly clusterId: string
  readonly api: StartedApi | undefined
}

async function serve({ listen }: Flags, { layout, store, head, clusterId, api }: Parts): Promise<HeadServer> {
  const common = { head, clusterId, version, socketPath: layout.headSocket, logger: logger as Logger }
  if (listen === null) return serveHead(common)
  const { openGate } = await import('./authority.ts') // certificates cost time at the start: only who listens needs them
  const gate = openGate(layout)
  const shim = api && (await import('./grpc/serve-grpc.ts')).createGrpcShim(api.parts, api.tokens)
  const onPlain = shim?.take
  const lastPort = Number(store.findFact('port') ?? 0)
  if (listen.port === 0 && lastPort > 0) {
    try {
      return await serveHead({ ...common, network: { ...listen, port: lastPort, gate, onPlain } })
    } catch (error) {
      logger.warn('head.port-taken', { port: lastPort, reason: toError(error).message })
    }
  }
  return serveHead({ ...common, network: { ...listen, gate, onPlain } })
}

function stopOnSignals({ isBoundToParent }: Flags, close: () => Promise<void>): void {
  let isStopping = false
  const stop = (why: string) => {
    if (isStopping) return
    isStopping = true
    logger.info('head.stopping', { why })
    void close().finally(() => setImmediate(() => process.exit(0))) // what the links still had to write is on its way by then
  }
  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGINT', () => stop('SIGINT'))
  if (isBoundToParent) watchParent(() => stop('parent gone'))
  process.on('uncaughtException', (error) => {
    logger.error('head.crashed', { message: error.message, stack: error.stack })
    process.exit(1)
  })
}

function readFlags(args: string[]): Flags {
  const { values } = parseArgs({
    args,
    options: {
      'temp-dir': { type: 'string' },
      listen: { type: 'string' },
      advertise: { type: 'string' },
      config: { type: 'string' },
      'dashboard-host': { type: 'string' },
      'dashboard-port': { type: 'string', default: '8265' },
      'dashboard-any-port': { type: 'boolean', default: false },
      'dashboard-allowed-hosts': { type: 'string', default: '' },
      'parent-pipe': { type: 'boolean', default: false },
    },
  })
  const tempDir = values['temp-dir']
  if (tempDir === undefined) throw new ClusterError('bad-argument', '--temp-dir is missing: the folder of this session')
  return {
    tempDir,
    listen: values.listen === undefined ? null : parseHostPort(values.listen),
    advertise: values.advertise,
    api:
      values['dashboard-host'] === undefined
        ? null
        : {
            ...{ host: values['dashboard-host'], port: parsePort(values['dashboard-port']), anyPort: values['dashboard-any-port'] },
            advertise: values.advertise ?? (values.listen === undefined ? undefined : parseHostPort(values.listen).host),
            allowedHosts: values['dashboard-allowed-hosts'].split(',').filter((name) => name !== ''),
          },
    config: values.config === undefined ? {} : parseConfig(values.config),
    isBoundToParent: values['parent-pipe'],
  }
}

function parseHostPort(text: string): { host: string; port: number } {
  const match = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port > 65_535)
    throw new ClusterError('bad-argument', `--listen must be HOST:PORT such as 0.0.0.0:6379, got ${JSON.stringify(text)}`)
  return { host, port }
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535))
    throw new ClusterError('bad-argument', `--dashboard-port must be a port from 0 to 65535, got ${JSON.stringify(text)}`)
  return port
}

/** Intervals and limits that differ from the defaults: numbers, by their names in `HeadConfig`. */
function parseConfig(text: string): Partial<HeadConfig> {
  const parsed: unknown = JSON.parse(text)
  if (typeof parsed !== 'object' || parsed === null) throw new ClusterError('bad-argument', '--config must be a JSON object')
  for (const [name, value] of Object.entries(parsed)) {
    const isKnown = Object.hasOwn(defaultHeadConfig, name) && name !== 'clusterId'
    if (!isKnown || typeof value !== 'number' || !(value >= 0)) {
      throw new ClusterError(
        'bad-argument',
        `--config: ${name} must be one of the head's settings with a number, got ${JSON.stringify(value)}`,
      )
    }
  }
  return parsed // every value was looked at
}

/** An IPv6 address stands in brackets before a port. */
function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}
