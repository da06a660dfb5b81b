import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ClusterError } from '../base/errors.ts'
import { findIdentity } from '../session/identity-file.ts'
import { makeSessionFolders, type SessionLayout } from '../session/layout.ts'
import { writeFileAtomic } from '../session/process-record.ts'
import { fingerprintOf } from '../transport/certificates.ts'
import { parseJoinToken } from '../transport/join-token.ts'
import { UsageError } from './command.ts'
import { fileProblem } from './file-problem.ts'

const variable = 'SHOAL_JOIN_TOKEN'

/**
 * Puts the token that was given, by file or by variable, where the node keeps it, and returns that path: a node that was declared dead
 * needs it again. Nothing below us gets to see the variable. A node that has joined before needs none.
 * @throws ClusterError `auth.refused` when there is none, `bad-argument` when it is none.
 */
export function keepJoinToken(layout: SessionLayout, given: { file: string | undefined; headAddress: string }): string {
  const kept = join(layout.nodeDir, 'join-token')
  const token = given.file === undefined ? process.env[variable] : readTokenFile(given.file)
  delete process.env[variable]
  if (token === undefined || token === '') {
    if (findIdentity(layout.identityDir)) return kept
    throw new ClusterError(
      'auth.refused',
      `joining ${given.headAddress} needs its join token: run "shoal token" on the head's machine, then pass it with --join-token-file FILE or in the variable ${variable}`,
    )
  }
  const { caFingerprint } = parseJoinToken(token.trim())
  makeSessionFolders(layout)
  forgetOtherCluster(layout, caFingerprint)
  writeFileAtomic(kept, `${token.trim()}\n`)
  return kept
}

/** A node that takes part in the cluster of this authority cannot show a certificate of the one it was in before. */
export function forgetOtherCluster(layout: SessionLayout, caFingerprint: Uint8Array | undefined): void {
  const identity = findIdentity(layout.identityDir)
  const isSame = identity && caFingerprint && fingerprintOf(identity.caCertPem).equals(caFingerprint)
  if (!isSame) rmSync(layout.identityDir, { recursive: true, force: true })
  makeSessionFolders(layout)
}

/** Of the authority that a head has left in this folder, or will find there. */
export function ownAuthority(layout: SessionLayout): Uint8Array | undefined {
  try {
    return fingerprintOf(readFileSync(layout.authorityCert, 'utf8'))
  } catch {
    return undefined // the first start here
  }
}

function readTokenFile(file: string): string {
  try {
    const token = readFileSync(file, 'utf8').trim()
    if (token === '') throw new Error('it is empty, and should hold what "shoal token" prints on the head\'s machine')
    return token
  } catch (error) {
    throw new UsageError(`--join-token-file ${file} cannot be read: ${fileProblem(error)}`)
  }
}
