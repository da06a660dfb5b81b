import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import { ClusterError } from '../base/errors.ts'
import { isId } from '../base/ids.ts'
import {
  bitString,
  der,
  derTags,
  derTrue,
  explicit,
  implicit,
  objectId,
  octetString,
  sequence,
  time,
  unsignedInteger,
  utf8String,
} from './der.ts'

/** What signs the certificates of one cluster. The key stays with whoever may add nodes. */
export type ClusterAuthority = { readonly caCertPem: string; readonly caKeyPem: string }
export type KeyPair = { readonly publicKeyPem: string; readonly privateKeyPem: string }
export type CertificateRole = 'head' | 'agent'
/** What a node's certificate says about it. */
export type CertifiedNode = { readonly nodeId: string; readonly role: CertificateRole }

const dayMs = 86_400_000
/** Clocks of machines differ: a certificate is good from the day before. */
const backdatedMs = dayMs
const validForMs = 3_650 * dayMs
const nodePrefix = 'shoal:node:'
const rolePrefix = 'shoal:role:'

const ids = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const

/** Returns a fresh ECDSA P-256 key pair, PEM. The private key is PKCS #8: keep it in a file of mode 0600. */
export function createKeyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return { publicKeyPem: publicKey, privateKeyPem: privateKey }
}

/** Returns a new certificate authority for one cluster, good for ten years. It may sign nodes, not other authorities. */
export function createClusterAuthority(nowMs = Date.now()): ClusterAuthority {
  const { publicKeyPem, privateKeyPem } = createKeyPair()
  const publicKey = createPublicKey(publicKeyPem)
  // The name holds the key's own id, so that the authorities of two clusters never look alike to a chain builder.
  const name = `Shoal cluster ${keyId(publicKey).toString('hex').slice(0, 16)}`
  const caCertPem = signCertificate({
    subject: name,
    issuer: name,
    publicKey,
    issuerKey: createPrivateKey(privateKeyPem),
    nowMs,
    extensions: [
      extension(ids.basicConstraints, sequence(derTrue, unsignedInteger(Uint8Array.of(0))), true),
      extension(ids.keyUsage, bitString(Uint8Array.of(0b0000_0100), 2), true), // keyCertSign
      extension(ids.subjectKeyId, octetString(keyId(publicKey))),
    ],
  })
  return { caCertPem, caKeyPem: privateKeyPem }
}

/**
 * Returns the certificate, PEM, of the node that holds the private half of `publicKeyPem`. Good for ten years, for both ends of a link.
 * @throws ClusterError `bad-argument` when the id is not a node id or the key is not ECDSA P-256.
 */
export function issueNodeCertificate(
  authority: ClusterAuthority,
  node: { nodeId: string; role: CertificateRole; publicKeyPem: string },
  nowMs = Date.now(),
): string {
  if (!isId('node', node.nodeId)) throw new ClusterError('bad-argument', `${JSON.stringify(node.nodeId)} is not a node id: 56 hex digits`)
  const publicKey = readPublicKey(node.publicKeyPem)
  const caCert = new X509Certificate(authority.caCertPem)
  const uri = (text: string) => implicit(6, Buffer.from(text, 'latin1'))
  return signCertificate({
    subject: node.nodeId,
    issuer: caCert.subject.replace(/^CN=/, ''),
    publicKey,
    issuerKey: createPrivateKey(authority.caKeyPem),
    nowMs,
    extensions: [
      extension(ids.basicConstraints, sequence(), true),
      extension(ids.keyUsage, bitString(Uint8Array.of(0b1000_0000), 7), true), // digitalSignature
      extension(ids.extendedKeyUsage, sequence(objectId(ids.serverAuth), objectId(ids.clientAuth))),
      extension(ids.subjectAltName, sequence(uri(nodePrefix + node.nodeId), uri(rolePrefix + node.role))),
      extension(ids.subjectKeyId, octetString(keyId(publicKey))),
      extension(ids.authorityKeyId, sequence(implicit(0, keyId(caCert.publicKey)))),
    ],
  })
}

/** Who a certificate of ours says its holder is; undefined when it is not one of ours. Says nothing of who signed it. */
export function findCertifiedNode(certificate: X509Certificate): CertifiedNode | undefined {
  const names = (certificate.subjectAltName ?? '').split(', ').map((name) => name.replace(/^URI:/, ''))
  const nodeId = names.find((name) => name.startsWith(nodePrefix))?.slice(nodePrefix.length)
  const role = names.find((name) => name.startsWith(rolePrefix))?.slice(rolePrefix.length)
  if (nodeId === undefined || !isId('node', nodeId) || (role !== 'head' && role !== 'agent')) return undefined
  return { nodeId, role }
}

/** Sha256 of a certificate's bytes. */
export function fingerprintOf(certificate: X509Certificate | string): Buffer {
  const parsed = typeof certificate === 'string' ? new X509Certificate(certificate) : certificate
  return createHash('sha256').update(parsed.raw).digest()
}

type Signing = { subject: string; issuer: string; publicKey: KeyObject; issuerKey: KeyObject; nowMs: number; extensions: Uint8Array[] }

/** RFC 5280 4.1. */
function signCertificate({ subject, issuer, publicKey, issuerKey, nowMs, extensions }: Signing): string {
  const algorithm = sequence(objectId(ids.ecdsaWithSha256))
  const unsigned = sequence(
    explicit(0, unsignedInteger(Uint8Array.of(2))), // version 3
    unsignedInteger(randomBytes(16)),
    algorithm,
    distinguishedName(issuer),
    sequence(time(nowMs - backdatedMs), time(nowMs + validForMs)),
    distinguishedName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensions)),
  )
  const certificate = sequence(unsigned, algorithm, bitString(sign('sha256', unsigned, issuerKey)))
  const lines =
    Buffer.from(certificate)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

const distinguishedName = (commonName: string) => sequence(der(derTags.set, sequence(objectId(ids.commonName), utf8String(commonName))))

function extension(id: string, value: Uint8Array, isCritical = false): Uint8Array {
  return isCritical ? sequence(objectId(id), derTrue, octetString(value)) : sequence(objectId(id), octetString(value))
}

const keyId = (key: KeyObject): Buffer =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20)

function readPublicKey(pem: string): KeyObject {
  try {
    const key = createPublicKey(pem)
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key
  } catch (cause) {
    throw new ClusterError('bad-argument', 'the public key is not PEM', { cause })
  }
  throw new ClusterError('bad-argument', 'the public key is not ECDSA P-256; make it with createKeyPair')
}
