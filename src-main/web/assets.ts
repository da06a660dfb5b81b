import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, relative, sep } from 'node:path'
import { ClusterError } from '../../runtime/base/errors.ts'
import { placeholderAssets } from './placeholder-page.ts'

export type AssetFile = { readonly contentType: string } & (
  | { readonly content: string }
  | { readonly file: string; readonly isLasting: boolean }
)

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
}
/** Where the build puts files that have the hash of their content in their name. */
const hashedFolder = '/assets/'
const maxFiles = 5_000
const maxDepth = 8

/**
 * The files of a built panel by their paths in a URL. They are listed once, so that no request ever leads anywhere else; links, and files
 * of other kinds, are left out.
 * @throws ClusterError `bad-argument` for a folder that cannot be read, without an index.html, or with more than 5,000 files
 */
export function listAssets(folder: string | undefined): ReadonlyMap<string, AssetFile> {
  if (folder === undefined) return placeholderAssets
  const assets = new Map<string, AssetFile>()
  for (const file of walk(folder, maxDepth)) {
    const contentType = contentTypes[extname(file)]
    if (contentType === undefined) continue
    const path = `/${relative(folder, file).split(sep).join('/')}`
    assets.set(path, { contentType, file, isLasting: path.startsWith(hashedFolder) })
    if (assets.size > maxFiles)
      throw new ClusterError('bad-argument', `${folder} holds more than ${maxFiles} files; give the folder of a built panel`)
  }
  if (!assets.has('/index.html')) throw new ClusterError('bad-argument', `${folder} holds no index.html; give the folder of a built panel`)
  return assets
}

/** Every plain file below. `readdir` by itself would follow links to other folders. */
function* walk(folder: string, depthLeft: number): Generator<string> {
  for (const entry of readFolder(folder)) {
    const path = join(folder, entry.name)
    if (entry.isFile()) yield path
    else if (entry.isDirectory() && depthLeft > 0) yield* walk(path, depthLeft - 1)
  }
}

function readFolder(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (cause) {
    throw new ClusterError('bad-argument', `the folder of the panel's page cannot be read: ${folder}`, { cause })
  }
}

/** The file for a path. Paths of the page's own, such as `/clusters/c-1`, are the page; what is nothing at all is undefined. */
export function findAsset(assets: ReadonlyMap<string, AssetFile>, path: string): AssetFile | undefined {
  const isPage = path.startsWith('/c/') || /^(\/[\w-]*)+$/.test(path) // ids and names of a cluster's things may look like files
  return assets.get(path) ?? (isPage ? assets.get('/index.html') : undefined)
}

/**
 * Files named by their content may be kept by the browser, so that a page that is loaded again asks for little.
 * @throws ClusterError `not-found` for a file that was there when the panel started
 */
export async function sendAsset(request: IncomingMessage, response: ServerResponse, asset: AssetFile): Promise<void> {
  const content = 'content' in asset ? asset.content : await readPageFile(asset.file)
  response.setHeader('Content-Type', asset.contentType)
  if ('isLasting' in asset && asset.isLasting) response.setHeader('Cache-Control', 'private, max-age=31536000, immutable')
  response.end(request.method === 'HEAD' ? undefined : content)
}

async function readPageFile(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new ClusterError('not-found', 'this file of the panel is gone; build the page again, and restart the panel', { cause })
  }
}
