import { isShoalVersion, VersionInfo } from '../../../runtime/api/version.ts'
import { ClusterError } from '../../../runtime/base/errors.ts'
import type { ApiClient } from '../../../runtime/client/api-client.ts'
import type { RayPlan } from '../../contract/ray-heads.ts'
import type { HostConnection } from '../../ssh/host-connection.ts'
import type { ClusterCalls } from '../cluster-calls.ts'
import type { SeenLogs } from '../history/seen-logs.ts'
import type { HeadPlace, OpenSession } from '../link-session.ts'
import { rayCapabilities } from './ray-capabilities.ts'
import { RayCalls } from './ray-calls.ts'
import { logReaderFor } from './ray-log-bytes.ts'
import { RayLists } from './ray-lists.ts'
import { lookAtCertificate, openRayApi, type RayTarget } from './ray-place.ts'
import { rayResources } from './ray-rows.ts'

/** The oldest that answers what the panel asks. */
const oldest = [2, 9] as const

export type RayWay = {
  readonly head: Pick<RayTarget, 'url' | 'trust'>
  /** Over which it goes; null: straight from here. It is closed with the way. */
  readonly connection: Pick<HostConnection, 'openTunnel' | 'closed' | 'close'> | null
  /** Asked for when a session begins; `attempt` grows when the head refused the one before. Undefined: none is to be had. */
  readonly token: (attempt: number) => Promise<string | undefined>
  readonly record: ClusterCalls
  readonly seen: SeenLogs
}

/** The way to a Ray head, as that to one of ours. */
export function rayHeadAt({ head, connection, token, record, seen }: RayWay): HeadPlace {
  let end: (error: null) => void = () => {}
  const closed = connection?.closed ?? new Promise<null>((resolve) => (end = resolve))
  const openWith = async (signal: AbortSignal, known: string | undefined): Promise<OpenSession> => {
    const { api, connect } = openRayApi({ ...head, token: known, via: connection ?? undefined })
    try {
      const version = await askVersion(api, signal)
      const readLog = logReaderFor(version.ray_version, { api, url: head.url, token: known, connect })
      return { client: new RayCalls({ api, record, readLog, seen }), capabilities: await rayCapabilities(api, version, signal) }
    } catch (error) {
      api.close()
      throw error
    }
  }
  return {
    closed,
    close() {
      connection?.close()
      end(null)
    },
    async open(signal) {
      const first = await token(0)
      try {
        return await openWith(signal, first)
      } catch (error) {
        if (!isAboutToken(error)) throw error
        const other = await token(1)
        if (other === undefined) throw error
        return openWith(signal, other)
      }
    },
  }
}

/** Asks a head what it is. @throws ClusterError saying what is wrong, in the words of somebody who has an address and a token */
async function askVersion(api: ApiClient, signal: AbortSignal): Promise<VersionInfo> {
  const version = await api.getJson('/api/version', VersionInfo, { signal, timeoutMs: 20_000 }).catch((error: unknown) => {
    throw isAboutToken(error) ? aboutToken(api.url, error) : error
  })
  if (isShoalVersion(version)) {
    throw new ClusterError(
      'wrong-state',
      `what answers at ${api.url} is a Shoal head, not one of Ray; the panel that made it connects to it`,
    )
  }
  const [major = 0, minor = 0] = version.ray_version.split('.').map(Number)
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return version
  throw new ClusterError(
    'not-supported',
    `the head at ${api.url} is Ray ${version.ray_version}; the panel speaks with Ray ${oldest.join('.')} and newer`,
  )
}

type TokenError = ClusterError & { readonly code: 'auth.missing' | 'auth.refused' }
/** A certificate that is not trusted is refused as well, by us: that has a reason with it. */
const isAboutToken = (error: unknown): error is TokenError =>
  error instanceof ClusterError &&
  (error.code === 'auth.missing' || error.code === 'auth.refused') &&
  error.details['reason'] === undefined &&
  error.details['fingerprint'] === undefined

const aboutToken = (url: string, { code }: TokenError): ClusterError =>
  code === 'auth.missing'
    ? new ClusterError(
        'auth.missing',
        `${url} wants a token; on the head's machine it is in ~/.ray/auth_token, or what RAY_AUTH_TOKEN holds there`,
      )
    : new ClusterError(
        'auth.refused',
        `${url} refused the token; on the head's machine the right one is in ~/.ray/auth_token, or what RAY_AUTH_TOKEN holds there`,
      )

/** Looks at an address without connecting to it. What is wrong stands in `problem`. @throws only what connecting to the machine between throws */
export async function planRay(target: RayTarget, signal: AbortSignal): Promise<RayPlan> {
  const { api } = openRayApi(target)
  const found: RayPlan = { url: target.url, rayVersion: null, wantsToken: null, nodes: null, certificate: null, missing: [], problem: null }
  try {
    const certificate = target.url.startsWith('https:') ? await lookAtCertificate(target) : null
    found.certificate = certificate && { ...certificate, isTrusted: false }
    found.wantsToken = await readAuthMode(api, signal)
    if (found.certificate) found.certificate.isTrusted = true
    const version = await askVersion(api, signal)
    found.rayVersion = version.ray_version
    const { rows } = await new RayLists(api).read(rayResources.pageNodes)
    found.nodes = rows.filter((row) => row['state'] === 'ALIVE').length
    const { missing } = await rayCapabilities(api, version, signal)
    found.missing = Object.entries(missing).map(([what, why]) => ({ what, why }))
  } catch (error) {
    if (!(error instanceof ClusterError) || signal.aborted) throw error
    found.problem = { code: error.code, message: error.message }
    if (error.code === 'auth.missing') found.wantsToken = true
  } finally {
    api.close()
  }
  return found
}

/** Older versions have no such question, and no tokens; a proxy may want one all the same. @throws when nothing answers */
async function readAuthMode(api: ApiClient, signal: AbortSignal): Promise<boolean | null> {
  try {
    const text = (await api.send({ method: 'GET', path: '/api/authentication_mode', signal, timeoutMs: 20_000 })).toString('utf8')
    return !/"disabled"/.test(text)
  } catch (error) {
    if (error instanceof ClusterError && isAnswer(error)) return null
    throw error
  }
}

const isAnswer = ({ code, details }: ClusterError): boolean =>
  details['status'] !== undefined ||
  code === 'auth.missing' ||
  (code === 'auth.refused' && details['reason'] === undefined && details['fingerprint'] === undefined)
