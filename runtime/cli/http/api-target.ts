import { readFileSync } from 'node:fs'
import { ClusterError } from '../../base/errors.ts'
import { ApiClient } from '../../client/api-client.ts'
import type { ApiTarget } from '../../client/api-target.ts'
import { tokenFileOf } from '../../session/api-tokens.ts'
import { sessionLayout } from '../../session/layout.ts'
import { findRunning, type HeadRecord } from '../../session/session-records.ts'
import { type FlagValues, UsageError } from '../command.ts'
import { refuseEndedHead } from '../ended-head.ts'
import { fileProblem } from '../file-problem.ts'
import { listKnownTempDirs } from '../known-temp-dirs.ts'
import { tempDirOf } from '../temp-dir.ts'

/** Flags of every command that speaks with a head over HTTP; beside `commonFlags`. */
export const apiFlags = {
  address: {
    value: 'URL',
    help: 'of the head, http://HOST:PORT. Default: SHOAL_API_ADDRESS, RAY_API_SERVER_ADDRESS, RAY_ADDRESS, else the head that runs on this machine',
  },
  'token-file': { value: 'FILE', help: 'holds the token. Default: SHOAL_API_TOKEN, RAY_AUTH_TOKEN, else that of the head on this machine' },
} as const

type LocalHead = { readonly tempDir: string; readonly address: string; readonly apiUrl: string; readonly tokenFile: string }

/** @throws UsageError, ClusterError `cluster.not-found`; nothing is sent yet. */
export const openApi = (values: FlagValues): ApiClient => new ApiClient(findApiTarget(values))

/**
 * Which head is meant, and the token for it. A token of this machine's head is only ever sent to that head.
 * @throws UsageError for an address that is none; ClusterError `cluster.not-found` when no head is named and none runs here.
 */
export function findApiTarget(values: FlagValues): ApiTarget {
  const { env } = process
  const given = values.find('address') ?? env['SHOAL_API_ADDRESS'] ?? env['RAY_API_SERVER_ADDRESS'] ?? httpOnly(env['RAY_ADDRESS'])
  const named = given === 'auto' ? undefined : given // Ray's word for the one on this machine
  const heads = localHeads(values)
  if (named === undefined) {
    const head = chooseHead(heads, values)
    return { url: head.apiUrl, token: givenToken(values) ?? readToken(head.tokenFile) }
  }
  const head = heads.find(({ address, apiUrl }) => named === address || sameUrl(named, apiUrl))
  const url = head?.apiUrl ?? parseUrl(named)
  return { url, token: givenToken(values) ?? (head && readToken(head.tokenFile)) }
}

const httpOnly = (address: string | undefined): string | undefined =>
  address !== undefined && /^https?:\/\//.test(address) ? address : undefined

function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.username !== '' || url.search !== '') {
    throw new UsageError(
      `the address of the head must be http://HOST:PORT, such as http://127.0.0.1:8265, got ${JSON.stringify(text.slice(0, 200))}${portHint(text)}`,
    )
  }
  return url.href.replace(/\/+$/, '')
}

/** What Ray's commands take, and where machines join: the HTTP API has an address of its own. */
const portHint = (text: string): string =>
  /^(ray:\/\/)?[^/]+:\d+$/.test(text)
    ? '; that is where machines and programs join, and the HTTP API is on another port, 8265 unless it was set'
    : ''

/** Two ways to write one address of this machine. */
function sameUrl(text: string, apiUrl: string): boolean {
  const normal = (each: string) => (URL.canParse(each) ? new URL(each).origin.replace('//localhost', '//127.0.0.1') : undefined)
  return normal(text) !== undefined && normal(text) === normal(apiUrl)
}

function localHeads(values: FlagValues): LocalHead[] {
  const folders = values.has('temp-dir') ? [tempDirOf(values)] : [...new Set([tempDirOf(values), ...listKnownTempDirs()])]
  return folders.flatMap((tempDir) => {
    const layout = sessionLayout(tempDir)
    const record = findRunning<HeadRecord>(layout.headRecord)
    if (!record?.apiAddress) return []
    return [{ tempDir, address: record.address, apiUrl: `http://${record.apiAddress}`, tokenFile: tokenFileOf(layout, 'full') }]
  })
}

/** A folder that is named, by the flag or by the variable, is meant: another head is never taken in its place. */
function chooseHead(heads: readonly LocalHead[], values: FlagValues): LocalHead {
  const folder = tempDirOf(values)
  const found = heads.find(({ tempDir }) => tempDir === folder)
  if (found) return found
  const isNamed = values.has('temp-dir') || process.env['SHOAL_TEMP_DIR'] !== undefined
  const [head, other] = isNamed ? [] : heads
  if (head === undefined) {
    refuseEndedHead(folder)
    throw new ClusterError(
      'cluster.not-found',
      `no head with an HTTP API runs on this machine${isNamed ? ` in ${folder}` : ''}; start one with "shoal start --head", or name one with --address http://HOST:PORT${isNamed && heads.length > 0 ? ` or --temp-dir: heads run in ${foldersOf(heads)}` : ''}`,
    )
  }
  if (other === undefined) return head
  throw new ClusterError('cluster.not-found', `several heads run on this machine, in ${foldersOf(heads)}: name one with --temp-dir`)
}

const foldersOf = (heads: readonly LocalHead[]): string => heads.map(({ tempDir }) => tempDir).join(', ')

function givenToken(values: FlagValues): string | undefined {
  const { env } = process
  const file = values.find('token-file')
  if (file !== undefined) return readToken(file)
  const text = env['SHOAL_API_TOKEN'] ?? env['RAY_AUTH_TOKEN']
  if (text !== undefined) return text.trim()
  const rayFile = env['RAY_AUTH_TOKEN_PATH']
  return rayFile === undefined ? undefined : readToken(rayFile)
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new UsageError(`the token file ${file} cannot be read: ${fileProblem(error)}`)
  }
}
