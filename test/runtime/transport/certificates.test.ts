import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  createClusterAuthority,
  createKeyPair,
  findCertifiedNode,
  fingerprintOf,
  issueNodeCertificate,
} from '#runtime/transport/certificates.ts'
import { bitString, objectId, time, unsignedInteger } from '#runtime/transport/der.ts'
import { anIdentity, nodeA } from './support.ts'

test('a node certificate names its node and role, is signed by its authority, and belongs to its key', () => {
  const authority = createClusterAuthority()
  const ca = new X509Certificate(authority.caCertPem)
  const { certPem, keyPem } = anIdentity(authority, nodeA, 'head')
  const certificate = new X509Certificate(certPem)
  expect(findCertifiedNode(certificate)).toEqual({ nodeId: nodeA, role: 'head' })
  expect(certificate.checkIssued(ca)).toBe(true)
  expect(certificate.verify(ca.publicKey)).toBe(true)
  expect(certificate.checkPrivateKey(createPrivateKey(keyPem))).toBe(true)
  expect(certificate.ca).toBe(false)
})

test('an authority is one, signs itself, and looks like no other', () => {
  const [one, other] = [createClusterAuthority(), createClusterAuthority()].map(({ caCertPem }) => new X509Certificate(caCertPem))
  expect(one?.ca).toBe(true)
  expect(one?.verify(one.publicKey)).toBe(true)
  expect(one?.subject).not.toBe(other?.subject)
  expect(fingerprintOf(one ?? '')).toHaveLength(32)
})

test('certificates are good from a day before, for clocks that differ, and for ten years', () => {
  const nowMs = Date.UTC(2026, 4, 1, 12)
  const certificate = new X509Certificate(createClusterAuthority(nowMs).caCertPem)
  expect(Date.parse(certificate.validFrom)).toBe(nowMs - 86_400_000)
  expect(Date.parse(certificate.validTo)).toBe(nowMs + 3_650 * 86_400_000)
})

test('what is no node id, no key or another kind of key gets no certificate', () => {
  const authority = createClusterAuthority()
  const { publicKeyPem } = createKeyPair()
  const p384 = generateKeyPairSync('ec', {
    namedCurve: 'P-384',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const refused = expect.objectContaining({ code: 'bad-argument' })
  expect(() => issueNodeCertificate(authority, { nodeId: 'node-1, URI:shoal:role:head', role: 'agent', publicKeyPem })).toThrow(refused)
  expect(() => issueNodeCertificate(authority, { nodeId: nodeA, role: 'agent', publicKeyPem: 'no key' })).toThrow(refused)
  expect(() => issueNodeCertificate(authority, { nodeId: nodeA, role: 'agent', publicKeyPem: p384.publicKey })).toThrow(refused)
})

test('a certificate that is not ours names no node', () => {
  expect(findCertifiedNode(new X509Certificate(createClusterAuthority().caCertPem))).toBeUndefined()
})

// Expected bytes from X.690 8.3, 8.6, 8.19 and RFC 5280 4.1.2.5.
test.each([
  ['a number with its top bit set', unsignedInteger(Uint8Array.of(0x80)), '02020080'],
  ['a number with leading zeros', unsignedInteger(Uint8Array.of(0, 0, 5)), '020105'],
  ['zero', unsignedInteger(Uint8Array.of(0, 0)), '020100'],
  ['an object id with large arcs', objectId('1.2.840.10045.4.3.2'), '06082a8648ce3d040302'],
  ['bits', bitString(Uint8Array.of(0x80), 7), '03020780'],
  ['content of 200 bytes', bitString(new Uint8Array(199)).subarray(0, 4), '0381c800'],
  ['content of 300 bytes', bitString(new Uint8Array(299)).subarray(0, 5), '0382012c00'],
  ['a time before 2050', time(Date.UTC(2049, 11, 31, 23, 59, 59)), `170d${Buffer.from('491231235959Z').toString('hex')}`],
  ['a time from 2050 on', time(Date.UTC(2050, 0, 1)), `180f${Buffer.from('20500101000000Z').toString('hex')}`],
])('%s is written in its one DER form', (_what, bytes, hex) => {
  expect(Buffer.from(bytes).toString('hex')).toBe(hex)
})
