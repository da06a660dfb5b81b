import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeFileAtomic } from './process-record.ts'

/** What a node shows to others and trusts in others, as PEM texts. */
export type NodeIdentity = { readonly nodeId: string; readonly caCertPem: string; readonly certPem: string; readonly keyPem: string }

const fileIn = (identityDir: string) => join(identityDir, 'identity.json')

/** @throws Error of the file system when this node has no identity: it can be reached from its own machine only. */
export function readIdentity(identityDir: string): NodeIdentity {
  return JSON.parse(readFileSync(fileIn(identityDir), 'utf8')) as NodeIdentity // written below, in a folder of this user alone
}

export function findIdentity(identityDir: string): NodeIdentity | undefined {
  try {
    return readIdentity(identityDir)
  } catch {
    return undefined // none yet
  }
}

export function writeIdentity(identityDir: string, identity: NodeIdentity): void {
  writeFileAtomic(fileIn(identityDir), JSON.stringify(identity))
}
