import { timingSafeEqual, type X509Certificate } from 'node:crypto'
import type { ConnectionOptions, TlsOptions, TLSSocket } from 'node:tls'
import { ClusterError } from '../base/errors.ts'
import { type CertifiedNode, findCertifiedNode, fingerprintOf } from './certificates.ts'

/** What one node shows to others and trusts in others. */
export type Identity = { readonly nodeId: string; readonly caCertPem: string; readonly certPem: string; readonly keyPem: string }

const common = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  // AES-128 first: the fastest one with hardware AES, and strong enough for what lives a cluster's life.
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
} as const

/** The authority's certificate is sent along: a joiner, which has none, checks it against its token. */
const credentials = ({ caCertPem, certPem, keyPem }: Identity) => ({ ca: caCertPem, cert: `${certPem}\n${caCertPem}`, key: keyPem })

/** Certificates are asked for, and checked by `identifyClient`: TLS itself would turn away those who come to join, too. */
export function serverTlsOptions(identity: Identity): TlsOptions {
  return { ...common, ...credentials(identity), requestCert: true, rejectUnauthorized: false }
}

/** Nodes are known by id, not by host name: addresses of a machine change, so `identifyServer` checks the id instead of the name. */
export function clientTlsOptions(identity: Identity): ConnectionOptions {
  return { ...common, ...credentials(identity), rejectUnauthorized: true, checkServerIdentity: () => undefined }
}

/** For who has a join token and nothing else. Nothing is trusted until `checkPinnedServer` has passed. */
export function joinerTlsOptions(): ConnectionOptions {
  return { ...common, rejectUnauthorized: false, checkServerIdentity: () => undefined }
}

/**
 * Returns who the client of a finished TLS handshake is, or undefined when it showed no certificate.
 * @throws ClusterError `auth.refused` when it showed one that is not of this cluster.
 */
export function identifyClient(socket: TLSSocket): CertifiedNode | undefined {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  if (!socket.authorized) throw refused(`its certificate is not of this cluster: ${String(socket.authorizationError)}`)
  return certified(certificate)
}

/**
 * Returns who the server is. TLS has checked its chain already.
 * @throws ClusterError `auth.refused` when it is not the node that was expected.
 */
export function identifyServer(socket: TLSSocket, expectNodeId: string | undefined): CertifiedNode {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) throw refused('the listener shows no certificate')
  const node = certified(certificate)
  if (expectNodeId !== undefined && node.nodeId !== expectNodeId) {
    throw refused(`the listener is node ${node.nodeId}, expected was ${expectNodeId}; look up its address again`)
  }
  return node
}

/**
 * Returns who the server is, for a joiner that knows only the fingerprint of the authority: its chain must end in exactly that
 * certificate, and it must be the head.
 * @throws ClusterError `auth.refused` otherwise. Nothing secret may be sent then.
 */
export function checkPinnedServer(socket: TLSSocket, caFingerprint: Uint8Array): CertifiedNode {
  const leaf = socket.getPeerX509Certificate()
  const authority = leaf?.issuerCertificate
  if (leaf === undefined || authority === undefined) throw refused('the listener does not show the certificate of its cluster')
  const seen = fingerprintOf(authority)
  if (seen.length !== caFingerprint.length || !timingSafeEqual(seen, caFingerprint)) {
    throw refused('the listener belongs to another cluster than the join token; use the token of this cluster')
  }
  const nowMs = Date.now()
  // The authority's certificate is public: showing it proves nothing until the leaf is known to be signed by it.
  if (!leaf.checkIssued(authority) || !leaf.verify(authority.publicKey))
    throw refused('the listener shows a certificate that its cluster did not sign')
  if (Date.parse(leaf.validFrom) > nowMs || Date.parse(leaf.validTo) < nowMs)
    throw refused(`the listener's certificate is good from ${leaf.validFrom} to ${leaf.validTo}; check this machine's clock`)
  const node = certified(leaf)
  // An agent's certificate is as good as the head's to TLS, but an agent must not get hold of tokens.
  if (node.role !== 'head') throw refused(`the listener is an agent, node ${node.nodeId}; join at the head`)
  return node
}

function certified(certificate: X509Certificate): CertifiedNode {
  const node = findCertifiedNode(certificate)
  if (node === undefined) throw refused(`its certificate names no node: ${certificate.subject.slice(0, 128)}`)
  return node
}

const refused = (message: string) => new ClusterError('auth.refused', message)
