import { existsSync, readFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { newNodeId } from '../base/ids.ts'
import { writeFileAtomic } from '../session/process-record.ts'
import type { SessionLayout } from '../session/layout.ts'
import { type ClusterAuthority, createClusterAuthority, createKeyPair, issueNodeCertificate } from '../transport/certificates.ts'
import type { Identity } from '../transport/identity.ts'
import { hashJoinToken, isJoinToken, mintJoinToken } from '../transport/join-token.ts'

/** What lets machines into the cluster. */
export type Gate = {
  /** The head's own, made anew at each start. */
  readonly identity: Identity
  isToken(text: string): boolean
  /** A certificate for a node id that nobody had before. @throws ClusterError `bad-argument` for a key that is not ECDSA P-256. */
  admit(publicKeyPem: string): { readonly nodeId: string; readonly certPem: string; readonly caCertPem: string }
}

const freshNodeId = (): string => newNodeId((bytes) => randomBytes(bytes).toString('hex'))

/** Reads the cluster's authority and join token from the session folder; makes them, mode 0600, when they are not there. */
export function openGate(layout: SessionLayout): Gate {
  const authority = findAuthority(layout) ?? makeAuthority(layout)
  if (!existsSync(layout.joinToken)) writeFileAtomic(layout.joinToken, `${mintJoinToken(authority)}\n`)
  const tokenHash = hashJoinToken(readFileSync(layout.joinToken, 'utf8').trim())
  const { publicKeyPem, privateKeyPem } = createKeyPair()
  const nodeId = freshNodeId()
  return {
    identity: {
      nodeId,
      caCertPem: authority.caCertPem,
      certPem: issueNodeCertificate(authority, { nodeId, role: 'head', publicKeyPem }),
      keyPem: privateKeyPem,
    },
    isToken: (text) => isJoinToken(text, tokenHash),
    admit(publicKey) {
      const admitted = freshNodeId()
      const certPem = issueNodeCertificate(authority, { nodeId: admitted, role: 'agent', publicKeyPem: publicKey })
      return { nodeId: admitted, certPem, caCertPem: authority.caCertPem }
    },
  }
}

function findAuthority(layout: SessionLayout): ClusterAuthority | undefined {
  if (!existsSync(layout.authorityCert) || !existsSync(layout.authorityKey)) return undefined
  return { caCertPem: readFileSync(layout.authorityCert, 'utf8'), caKeyPem: readFileSync(layout.authorityKey, 'utf8') }
}

function makeAuthority(layout: SessionLayout): ClusterAuthority {
  const authority = createClusterAuthority()
  writeFileAtomic(layout.authorityKey, authority.caKeyPem)
  writeFileAtomic(layout.authorityCert, authority.caCertPem) // last: both are there when this one is
  return authority
}
