import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { ClusterError } from '../base/errors.ts'
import { backoffMs } from '../base/random.ts'
import { findIdentity, type NodeIdentity, writeIdentity } from '../session/identity-file.ts'
import type { SessionLayout } from '../session/layout.ts'
import { createKeyPair } from '../transport/certificates.ts'
import { dialTls, dialUnix, type Dialed } from '../transport/dial.ts'
import type { HeadTarget } from './addresses.ts'

/** What the head answers a joiner with, in the details of its answer to the hello; the node's id stands beside them. */
const JoinAnswer = z.object({ nodeId: z.string(), details: z.object({ certificate: z.string(), authority: z.string() }) })

export type IdentitySource = {
  readonly layout: SessionLayout
  readonly head: HeadTarget
  readonly version: string
  /** Needed where the head is on another machine and there is no identity yet. */
  readonly joinTokenFile: string | undefined
  /** Someone waits for a first start; a node that was one before tries for ever. */
  readonly isRejoining?: boolean
}

const firstAttempts = 20
const retry = { baseMs: 50, maxMs: 2_000 }
const rejoin = { baseMs: 50, maxMs: 10_000 }

/**
 * The identity kept in this folder; else one that the head gives: to this user on its own machine, to others for the join token.
 * @throws ClusterError `auth.refused` when there is no way to get one, `link.closed` when the head does not come up.
 */
export async function obtainIdentity(source: IdentitySource): Promise<NodeIdentity> {
  const { identityDir } = source.layout
  const kept = findIdentity(identityDir)
  if (kept) return kept
  const { publicKeyPem, privateKeyPem } = createKeyPair()
  const dialed = await joinCluster(source, publicKeyPem)
  dialed.raw().destroy()
  const answer = JoinAnswer.safeParse(dialed.answer)
  if (!answer.success)
    throw new ClusterError('protocol.violation', 'the head let us join and gave no certificate; run the same release on all nodes')
  const { nodeId, details } = answer.data
  const identity = { nodeId, caCertPem: details.authority, certPem: details.certificate, keyPem: privateKeyPem }
  writeIdentity(identityDir, identity)
  return identity
}

/** A node that was declared dead needs another identity. */
export function forgetIdentity(layout: SessionLayout): void {
  rmSync(join(layout.identityDir, 'identity.json'), { force: true })
}

async function joinCluster({ head, version, joinTokenFile, isRejoining = false }: IdentitySource, publicKey: string): Promise<Dialed> {
  const hello = { role: 'join', version, details: { publicKey } } as const
  const dial = () => {
    if (head.kind === 'unix') return dialUnix(head.path, { hello })
    if (joinTokenFile === undefined || !existsSync(joinTokenFile)) {
      throw new ClusterError(
        'auth.refused',
        'this node has no certificate and no join token; pass --join-token-file with a token of the cluster',
      )
    }
    return dialTls({ host: head.host, port: head.port, joinToken: readFileSync(joinTokenFile, 'utf8').trim() }, { hello })
  }
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await dial()
    } catch (error) {
      if (!(error instanceof ClusterError) || !error.retryable || (!isRejoining && attempt >= firstAttempts)) throw error
      await new Promise((resolve) => setTimeout(resolve, backoffMs(attempt, isRejoining ? rejoin : retry, Math.random)))
    }
  }
}
