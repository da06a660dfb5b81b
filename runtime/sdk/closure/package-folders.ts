import { existsSync, realpathSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { Graph, GraphNode } from './graph-format.ts'

/**
 * The uploaded folder of a job lies elsewhere on each node. What names a file in it travels as `shoal-package:<package>/<path>`, and
 * becomes the file of the machine where it arrives.
 */
const scheme = 'shoal-package:'
/** URLs of folders on this machine, with a slash at the end, by the packages' names: the job's own, and those that values of other jobs name. */
const folders = new Map<string, string>()
const mostFolders = 100

export function rememberPackage(name: string, folder: string): void {
  if (folders.size >= mostFolders) for (const oldest of folders.keys()) if (folders.delete(oldest)) break
  folders.set(name, `${pathToFileURL(realpathSync(folder)).href}/`) // Node names the files that it loads without links
}

/** The package that the command of a job was started in, as its supervisor says. */
export function rememberJobPackage({ SHOAL_JOB_PACKAGE: name, SHOAL_JOB_FOLDER: folder }: NodeJS.ProcessEnv): void {
  if (name !== undefined && folder !== undefined && existsSync(folder)) rememberPackage(name, folder)
}

/** A file of this machine by its package, where it lies in one. */
export function portableUrl(url: string): string {
  for (const [name, folder] of folders) if (url.startsWith(folder)) return `${scheme}${name}/${url.slice(folder.length)}`
  return url
}

/** The file of this machine; as it is where the package is not known here. */
export function localUrl(url: string): string {
  const name = packageOf(url)
  const folder = name === undefined ? undefined : folders.get(name)
  return name === undefined || folder === undefined ? url : folder + url.slice(scheme.length + name.length + 1)
}

/** The same node for other machines. Code needs its file only where it imports by itself: else it says where the user wrote it. */
export function portableNode(node: GraphNode): GraphNode {
  if (folders.size === 0) return node
  switch (node[0]) {
    case 'module':
      return ['module', { ...node[1], specifier: portableUrl(node[1].specifier), parent: portableUrl(node[1].parent) }]
    case 'require':
      return ['require', portableUrl(node[1])]
    case 'function':
    case 'class':
      return node[1].text.includes('import(') ? [node[0], { ...node[1], file: portableUrl(node[1].file) }] : node
    default:
      return node
  }
}

/** Packages that the graph needs, and that this process has not asked for yet. */
export function listMissingPackages({ nodes }: Graph): string[] {
  const names = new Set(nodes.flatMap(urlsOf).flatMap((url) => packageOf(url) ?? []))
  return [...names].filter((name) => !folders.has(name))
}

function urlsOf(node: GraphNode): string[] {
  if (node[0] === 'module') return [node[1].specifier, node[1].parent]
  if (node[0] === 'require') return [node[1]]
  return node[0] === 'function' || node[0] === 'class' ? [node[1].file] : []
}

const packageOf = (url: string): string | undefined => (url.startsWith(scheme) ? url.slice(scheme.length, url.indexOf('/')) : undefined)
