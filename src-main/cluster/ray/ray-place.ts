import { X509Certificate } from 'node:crypto'
import { connect as connectTcp } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { once } from 'node:events'
import { ClusterError, toError } from '../../../runtime/base/errors.ts'
import { ApiClient } from '../../../runtime/client/api-client.ts'
import type { RayHead } from '../../contract/ray-heads.ts'
import type { HostConnection } from '../../ssh/host-connection.ts'

/** Over a machine of the list: connections begin there, so names and `127.0.0.1` are those of that machine. */
export type RayVia = Pick<HostConnection, 'openTunnel'>
export type RayTarget = Pick<RayHead, 'url' | 'trust'> & { readonly token: string | undefined; readonly via: RayVia | undefined }

const connectWithinMs = 15_000

export type RayApi = { readonly api: ApiClient; readonly connect: () => Promise<Duplex> }

/** A client of the head's API, and what opens its connections. Nothing is sent before the first call. */
export function openRayApi({ url, trust, token, via }: RayTarget): RayApi {
  const { protocol, hostname, port: portText } = new URL(url)
  const isSecure = protocol === 'https:'
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const port = Number(portText || (isSecure ? 443 : 80))
  const connect = async () => {
    const stream = via === undefined ? await openTcp(host, port) : await via.openTunnel(host, port)
    return isSecure ? secure(stream, { host, port, trust }) : stream
  }
  return { api: new ApiClient({ url, token, connect }), connect }
}

async function openTcp(host: string, port: number): Promise<Duplex> {
  const socket = connectTcp({ host, port, noDelay: true, timeout: connectWithinMs })
  socket.once('timeout', () => {
    if (socket.connecting) socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }))
  })
  await once(socket, 'connect')
  socket.setTimeout(0)
  return socket
}

type Secured = { readonly host: string; readonly port: number; readonly trust: RayHead['trust'] }

/** TLS, with the certificate checked before anything is sent: by the CAs of this computer, by one that was given, or by its fingerprint alone. */
async function secure(stream: Duplex, { host, port, trust }: Secured): Promise<Duplex> {
  const isAddress = /^[\d.]+$|:/.test(host)
  const options: ConnectionOptions = {
    socket: stream,
    host,
    ...(isAddress ? {} : { servername: host }),
    ...(trust.kind === 'ca' ? { ca: trust.pem } : {}),
    ...(trust.kind === 'fingerprint' ? { rejectUnauthorized: false } : {}),
  }
  const socket = connectTls(options)
  try {
    await once(socket, 'secureConnect')
  } catch (error) {
    socket.destroy()
    throw notTrusted(`${host}:${port}`, toError(error))
  }
  if (trust.kind !== 'fingerprint') return socket
  const seen = socket.getPeerX509Certificate()?.fingerprint256 ?? 'none'
  if (plainFingerprint(seen) === plainFingerprint(trust.sha256)) return socket
  socket.destroy()
  throw new ClusterError(
    'auth.refused',
    `${host}:${port} shows another certificate than the one that was accepted: ${seen}, not ${trust.sha256}; if it was renewed on purpose, connect to it anew`,
    { details: { fingerprint: seen } },
  )
}

/** Of a certificate, in whatever case and with or without colons. */
export const plainFingerprint = (text: string): string =>
  text
    .replace(/^sha-?256[:=]/i, '')
    .replaceAll(/[^0-9a-fA-F]/g, '')
    .toLowerCase()

function notTrusted(where: string, error: Error): ClusterError {
  const code = 'code' in error ? String(error.code) : ''
  const isAboutTrust = /CERT|SIGNED|ISSUER|ALTNAME|VERIFY|DEPTH_ZERO/.test(code)
  if (!isAboutTrust) {
    return new ClusterError('head.unavailable', `${where} does not speak TLS; try the address with http://`, {
      cause: error,
    })
  }
  return new ClusterError(
    'auth.refused',
    `the certificate of ${where} is not trusted: ${error.message}; give the CA that signed it, or its fingerprint`,
    { details: { reason: code }, cause: error },
  )
}

export type SeenCertificate = {
  readonly sha256: string
  readonly subject: string
  readonly issuer: string
  readonly validTo: string
}

/** The certificate that an https address shows, whoever signed it; nothing is sent but the greeting of TLS. @throws as connecting */
export async function lookAtCertificate({ url, via }: Pick<RayTarget, 'url' | 'via'>): Promise<SeenCertificate> {
  const { hostname, port: portText } = new URL(url)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const port = Number(portText || 443)
  const stream = via === undefined ? await openTcp(host, port) : await via.openTunnel(host, port)
  const socket = connectTls({ socket: stream, host, rejectUnauthorized: false, ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }) })
  try {
    await once(socket, 'secureConnect')
    const certificate = socket.getPeerX509Certificate()
    if (!(certificate instanceof X509Certificate)) throw new Error('it shows no certificate')
    const { fingerprint256: sha256, subject, issuer, validTo } = certificate
    return { sha256, subject: subject.slice(0, 500), issuer: issuer.slice(0, 500), validTo }
  } catch (error) {
    throw notTrusted(`${host}:${port}`, toError(error))
  } finally {
    socket.destroy()
  }
}
