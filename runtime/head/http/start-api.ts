import { hostname } from 'node:os'
import { rayVersionOf } from '../../api/version.ts'
import { ClusterError } from '../../base/errors.ts'
import { openServices, type ServiceParts } from '../services.ts'
import { openTokens, type TokenCheck } from './authenticate.ts'
import type { HttpParts } from './parts.ts'
import { type HttpPlace, type HttpServer, serveHttp } from './serve-http.ts'

export type ApiPlace = HttpPlace & {
  /** Where `port` is taken, a free one after it is as good. */
  readonly anyPort: boolean
  /** What others call this machine, told to clients where `host` is all of its addresses. @default 127.0.0.1 */
  readonly advertise: string | undefined
}

export type StartedApi = {
  /** `host:port` */
  readonly address: string
  readonly parts: HttpParts
  readonly tokens: TokenCheck
  close(): void
}

const portsTried = 100

/**
 * Opens the services and serves the HTTP API.
 * @throws ClusterError `cluster.start-failed` when the port is taken, naming it and what to do.
 */
export async function startApi(base: ServiceParts, place: ApiPlace): Promise<StartedApi> {
  const tokens = openTokens(base.layout)
  const services = await openServices(base)
  let address = ''
  const parts: HttpParts = {
    ...base,
    ...services,
    rayVersion: rayVersionOf(base.version),
    sessionName: sessionName(base),
    startedAtMs: base.clock.nowMs(),
    apiAddress: () => address,
  }
  try {
    const server = await listen(parts, place, tokens)
    base.store.setFact('apiPort', String(server.port))
    address = `${callableHost(place)}:${server.port}`
    base.logger.info('http.listening', { address })
    return {
      address,
      parts,
      tokens,
      close() {
        server.close()
        services.close()
      },
    }
  } catch (error) {
    services.close()
    throw error
  }
}

const allAddresses: ReadonlySet<string> = new Set(['0.0.0.0', '::', ''])

function callableHost({ host, advertise }: ApiPlace): string {
  const [name = '127.0.0.1'] = [host, advertise].filter((each) => each !== undefined && !allAddresses.has(each))
  return name.includes(':') ? `[${name}]` : name
}

/** The port asked for; where any will do, that of the last start first, so that clients find a restarted head where it was. */
async function listen(parts: HttpParts, place: ApiPlace, tokens: TokenCheck): Promise<HttpServer> {
  const lastPort = Number(parts.store.findFact('apiPort') ?? 0)
  for (const port of candidates(place, lastPort)) {
    try {
      const allowedHosts = [...place.allowedHosts, ...(place.advertise === undefined ? [] : [place.advertise]), hostname()]
      return await serveHttp(parts, { host: place.host, port, allowedHosts }, { tokens })
    } catch (error) {
      const reason = error instanceof ClusterError ? error.details['reason'] : undefined
      if (reason !== 'EADDRINUSE') throw error
      parts.logger.warn('http.port-taken', { port })
    }
  }
  throw new ClusterError(
    'cluster.start-failed',
    `port ${place.port} of ${place.host}, where the HTTP API is to listen, is taken by another process; give another --dashboard-port, or 0 for a free one`,
    { details: { port: place.port } },
  )
}

function candidates({ port, anyPort }: ApiPlace, lastPort: number): number[] {
  const last = lastPort > 0 ? [lastPort] : []
  if (port === 0) return [...last, 0]
  if (!anyPort) return [port]
  const next = Array.from({ length: portsTried }, (_, index) => port + index).filter((each) => each <= 65_535)
  return [...new Set([...last, ...next]), 0]
}

/** As Ray makes it, from the cluster's first start; a restarted head keeps it. */
function sessionName({ store, clock }: ServiceParts): string {
  const known = store.findFact('sessionName')
  if (known !== undefined) return known
  const [date = '', time = ''] = new Date(clock.nowMs()).toISOString().split('T')
  const name = `session_${date}_${time.slice(0, 8).replaceAll(':', '-')}_${time.slice(9, 12)}000_${process.pid}`
  store.setFact('sessionName', name)
  return name
}
