import { join } from 'node:path'
import type { SessionLayout } from './layout.ts'

/** What a token of the HTTP API lets its holder do. */
export type Access = 'full' | 'read'

/** Where the head keeps its two tokens, files 0600: who may read one may use the cluster with it. */
export const tokenFileOf = ({ headDir }: Pick<SessionLayout, 'headDir'>, access: Access): string =>
  join(headDir, access === 'full' ? 'api-token' : 'api-token-read')
