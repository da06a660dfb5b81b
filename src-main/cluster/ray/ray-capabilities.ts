import { ClusterError } from '../../../runtime/base/errors.ts'
import type { VersionInfo } from '../../../runtime/api/version.ts'
import type { ApiClient } from '../../../runtime/client/api-client.ts'
import type { Capabilities } from '../capabilities.ts'

/** Of what is asked here and nowhere else: an answer is all that counts. */
const askWithinMs = 20_000

/** What this Ray head can do, as far as asking it tells. @throws as every call, when it does not answer */
export async function rayCapabilities(api: ApiClient, version: VersionInfo, signal: AbortSignal): Promise<Capabilities> {
  const [serve, clusterId] = await Promise.all([whyNot(api, '/api/serve/applications/', signal), readClusterId(api, signal)])
  return {
    engine: 'ray',
    rayVersion: version.ray_version,
    shoalVersion: null,
    session: version.session_name,
    clusterId,
    missing: {
      control:
        'Ray serves no cancelling of tasks, killing of actors or draining of nodes over HTTP; its Python API and command line have them',
      priorities: 'Ray has no priorities of jobs: each starts as soon as there is room for it',
      logSearch: 'Ray has no search over all logs; follow a log and search in what is shown',
      ...(serve === null ? {} : { serve: `this Ray head has no Serve: ${serve}` }),
    },
  }
}

/** Null: it is there. */
async function whyNot(api: ApiClient, path: string, signal: AbortSignal): Promise<string | null> {
  try {
    await api.send({ method: 'GET', path, signal, timeoutMs: askWithinMs })
    return null
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error
    return error.message.slice(0, 300)
  }
}

async function readClusterId(api: ApiClient, signal: AbortSignal): Promise<string | null> {
  try {
    const text = (await api.send({ method: 'GET', path: '/cluster_id', signal, timeoutMs: askWithinMs })).toString('utf8')
    return /"clusterId":\s*"([0-9a-f]+)"/.exec(text)?.[1] ?? null
  } catch {
    return null // older versions do not tell it
  }
}
