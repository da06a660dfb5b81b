import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { ClusterError } from '../base/errors.ts'
import type { NodeId } from '../base/ids.ts'
import type { SessionLayout } from '../session/layout.ts'
import { writeFileAtomic } from '../session/process-record.ts'
import { createKeyPair, findCertifiedNode, issueNodeCertificate } from '../transport/certificates.ts'
import { dialTls } from '../transport/dial.ts'
import type { Identity } from '../transport/identity.ts'
import type { HeadTarget } from './addresses.ts'

/** Names of the files of an identity, in `layout.identityDir`. Processes of this node read them to reach other nodes. */
export const identityFiles = { caCert: 'authority.crt.pem', cert: 'node.crt.pem', key: 'node.key.pem' } as const

/** What the head answers a joiner with, in the details of its answer to the hello. */
const JoinAnswer = z.object({ caCertPem: z.string(), certPem: z.string() })

export type IdentitySource = {
  readonly layout: SessionLayout
  readonly head: HeadTarget
  readonly version: string
  /** Read when there is no identity yet. */
  readonly joinTokenFile: string | undefined
  /** For a node that begins anew. */
  readonly freshNodeId: NodeId
}

/**
 * The identity kept in this folder; else one signed with the cluster's authority when that lies here, else one that the head gives for the join token.
 * @throws ClusterError `auth.refused` when there is no way to get one.
 */
export async function obtainIdentity(source: IdentitySource): Promise<Identity> {
  const kept = findIdentity(source.layout.identityDir)
  if (kept) return kept
  const { publicKeyPem, privateKeyPem } = createKeyPair()
  const nodeId = source.freshNodeId
  const signed = signHere(source, publicKeyPem) ?? (await joinCluster(source, publicKeyPem))
  const identity = { nodeId, caCertPem: signed.caCertPem, certPem: signed.certPem, keyPem: privateKeyPem }
  const { identityDir } = source.layout
  writeFileAtomic(join(identityDir, identityFiles.key), identity.keyPem)
  writeFileAtomic(join(identityDir, identityFiles.caCert), identity.caCertPem)
  writeFileAtomic(join(identityDir, identityFiles.cert), identity.certPem)
  return identity
}

/** The identity in a folder, when it is whole. */
export function findIdentity(identityDir: string): Identity | undefined {
  const read = (name: string) => readFileSync(join(identityDir, name), 'utf8')
  if (!Object.values(identityFiles).every((name) => existsSync(join(identityDir, name)))) return undefined
  const certPem = read(identityFiles.cert)
  const node = findCertifiedNode(new X509Certificate(certPem))
  return node && { nodeId: node.nodeId, caCertPem: read(identityFiles.caCert), certPem, keyPem: read(identityFiles.key) }
}

/** A node that was declared dead needs another identity. */
export function forgetIdentity(layout: SessionLayout): void {
  for (const name of Object.values(identityFiles)) rmSync(join(layout.identityDir, name), { force: true })
}

function signHere({ layout, freshNodeId }: IdentitySource, publicKeyPem: string): z.infer<typeof JoinAnswer> | undefined {
  if (!existsSync(layout.authorityCert) || !existsSync(layout.authorityKey)) return undefined
  const authority = { caCertPem: readFileSync(layout.authorityCert, 'utf8'), caKeyPem: readFileSync(layout.authorityKey, 'utf8') }
  return { caCertPem: authority.caCertPem, certPem: issueNodeCertificate(authority, { nodeId: freshNodeId, role: 'agent', publicKeyPem }) }
}

async function joinCluster({ head, version, joinTokenFile, freshNodeId }: IdentitySource, publicKeyPem: string): Promise<z.infer<typeof JoinAnswer>> {
  if (head.kind !== 'tls' || joinTokenFile === undefined || !existsSync(joinTokenFile)) {
    throw new ClusterError('auth.refused', 'this node has no certificate and no join token; pass --join-token-file with a token of the cluster')
  }
  const joinToken = readFileSync(joinTokenFile, 'utf8').trim()
  const hello = { role: 'join', version, nodeId: freshNodeId, details: { publicKeyPem } } as const
  const dialed = await dialTls({ host: head.host, port: head.port, joinToken }, { hello })
  dialed.raw().destroy()
  const answer = JoinAnswer.safeParse(dialed.answer.details)
  if (!answer.success) throw new ClusterError('protocol.violation', 'the head took our join token and gave no certificate; run the same release on all nodes')
  return answer.data
}
