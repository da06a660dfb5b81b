import { protocol, type Session } from 'electron'
import { readFile } from 'node:fs/promises'
import { PagePath } from '../contract/desktop-bridge.ts'
import { pageHeaders } from '../web/answers.ts'
import { findAsset, listAssets } from '../web/assets.ts'

const scheme = 'app'
const origin = `${scheme}://shoal`

/** Before the app is ready: an origin of its own, in which the page is as safe as one from https. */
export function claimPageScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme, privileges: { standard: true, secure: true, codeCache: true } }])
}

export const pageUrl = (path: string): string => `${origin}${path}`

/** The page that an address of ours shows; undefined for every other address. */
export function pathOf(url: string): string | undefined {
  if (!url.startsWith(`${origin}/`)) return undefined
  return PagePath.safeParse(url.slice(origin.length).split('#')[0]).data
}

export const isOurPage = (url: string): boolean => url.startsWith(`${origin}/`)

/** Serves the built page to a session, under a policy that lets it talk to nobody. @throws ClusterError `bad-argument` where it is not built */
export function servePage({ protocol: served }: Session, folder: string): void {
  const assets = listAssets(folder)
  const headers = pageHeaders("'none'")
  served.handle(scheme, async ({ method, url }) => {
    const path = isOurPage(url) && method === 'GET' ? new URL(url).pathname : undefined
    const asset = path === undefined ? undefined : findAsset(assets, path)
    if (asset === undefined) return new Response('there is no such file in the panel', { status: 404, headers })
    try {
      const content = 'content' in asset ? asset.content : new Uint8Array(await readFile(asset.file))
      return new Response(content, { headers: { ...headers, 'Content-Type': asset.contentType } })
    } catch {
      return new Response('it was taken away since the start', { status: 404, headers })
    }
  })
}
