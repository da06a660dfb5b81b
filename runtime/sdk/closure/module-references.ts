import { existsSync } from 'node:fs'
import { builtinModules, createRequire, isBuiltin } from 'node:module'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isObject } from './globals.ts'
import type { ModuleReference } from './graph-format.ts'
import type { FunctionScope } from './inspector-session.ts'
import type { ModuleBinding } from './module-bindings.ts'
import type { Script } from './script-table.ts'

/** What the worker finds under its own copy of this runtime. */
const ownName = 'shoal'
/** The file that users import as `shoal`: while this runtime runs from its sources, and when it is bundled into one file. */
const ownUrls = new Set([new URL('../index.ts', import.meta.url).href])
if (import.meta.url.endsWith('/shoal.mjs')) ownUrls.add(import.meta.url)

/** How a binding travels by reference; undefined for the user's own files, which travel by value. */
export function referenceTo(binding: ModuleBinding, parent: string, value: unknown): ModuleReference | undefined {
  const { specifier, imported } = binding
  const via = binding.via === 'wrapped' && isNodeWrapped(value) ? 'node-wrapped' : binding.via
  if (specifier === ownName || specifier.startsWith(`${ownName}/`) || isOwnUrl(specifier, parent)) {
    return { specifier: specifier.startsWith(ownName) ? specifier : ownName, parent: '', via, imported }
  }
  if (isBuiltin(specifier)) return { specifier: withScheme(specifier), parent: '', via, imported }
  if (/^[./]/.test(specifier) || /^[a-z]+:/i.test(specifier) || !isInstalled(specifier, parent)) return undefined
  return { specifier, parent, via, imported }
}

const { cache: commonJsFiles } = createRequire(import.meta.url)
let packageModules = new Map<unknown, string>()
let knownFiles = -1

/** Looks for CommonJS files that were loaded since; once for each capture, because listing them takes time. */
export function refreshPackageModules(): void {
  const files = Object.keys(commonJsFiles)
  if (files.length === knownFiles) return
  knownFiles = files.length
  packageModules = new Map()
  for (const file of files) {
    const exported: unknown = commonJsFiles[file]?.exports
    if (file.includes(`${sep}node_modules${sep}`) && isObject(exported))
      packageModules.set(exported, pathToFileURL(file.replace(/\?.*$/, '')).href)
  }
}

/** The whole exports of a CommonJS file of a package, by identity. */
export function findPackageModule(value: object): ModuleReference | undefined {
  const url = packageModules.get(value)
  return url === undefined ? undefined : { specifier: url, parent: url, via: 'require', imported: '*' }
}

/** A loaded built-in module, or something that one exports, by identity. */
export function findBuiltin(value: object): ModuleReference | undefined {
  const known = builtinTable().get(value)
  return known && { specifier: known.specifier, parent: '', via: 'require', imported: known.imported }
}

/** An export of the package file, or of this runtime's own, that defines `value`, by identity. Loads nothing: the file runs already. */
export function findPackageExport(value: object, script: Script, scopes: readonly FunctionScope[]): ModuleReference | undefined {
  const url = script.url.replace(/[?#].*$/, '') // loaders mark what they loaded by a query
  if (!script.isModule) return findCommonJsExport(value, url)
  const module = scopes.find((scope) => scope.kind === 'module')
  for (const [local, imported] of script.facts().exports) {
    if (module && Object.hasOwn(module.variables, local) && readVariable(module, local) === value) {
      return ownUrls.has(url)
        ? { specifier: ownName, parent: '', via: 'import', imported }
        : { specifier: url, parent: url, via: 'import', imported }
    }
  }
  return undefined
}

function findCommonJsExport(value: object, url: string): ModuleReference | undefined {
  const path = fileURLToPath(url)
  const found: unknown = commonJsFiles[path]?.exports
  if (found === value) return { specifier: url, parent: url, via: 'require', imported: '*' }
  if (!isObject(found)) return undefined
  for (const name of Object.keys(found)) {
    const descriptor = Object.getOwnPropertyDescriptor(found, name)
    if ((descriptor?.get ? Reflect.get(found, name) : descriptor?.value) === value)
      return { specifier: url, parent: url, via: 'require', imported: name }
  }
  return undefined
}

function readVariable(scope: FunctionScope, name: string): unknown {
  try {
    return scope.variables[name]
  } catch {
    return undefined // not initialised yet, so it is not what we look for
  }
}

export const isOwnUrl = (specifier: string, parent: string): boolean => {
  try {
    return ownUrls.has(new URL(specifier, parent).href)
  } catch {
    return false
  }
}

const withScheme = (specifier: string): string => (specifier.startsWith('node:') ? specifier : `node:${specifier}`)

/** esbuild's interop for a module that Node itself would import: `default` is the whole `module.exports`. */
function isNodeWrapped(value: unknown): boolean {
  if (!isObject(value) || !Object.hasOwn(value, 'default')) return false
  const inner: unknown = Reflect.get(value, 'default')
  return isObject(inner) && Reflect.get(inner, '__esModule') === true
}

const installed = new Map<string, boolean>()

/** Whether a bare specifier names an installed package: it may also be an alias of a bundler or of tsconfig paths. */
function isInstalled(specifier: string, parent: string): boolean {
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  let folder: string
  try {
    folder = dirname(fileURLToPath(parent))
  } catch {
    folder = process.cwd() // evaluated code has no file; Node resolves its imports from here
  }
  const key = `${name} ${folder}`
  const known = installed.get(key)
  if (known !== undefined) return known
  let found = false
  for (let at = folder; !found; at = dirname(at)) {
    found = existsSync(join(at, 'node_modules', name))
    if (dirname(at) === at) break
  }
  if (installed.size > 10_000) installed.clear()
  installed.set(key, found)
  return found
}

let builtins: Map<unknown, { specifier: string; imported: string }> | undefined
let loadedCount = 0

function builtinTable(): Map<unknown, { specifier: string; imported: string }> {
  // `moduleLoadList` is long-standing but missing from the published types; without it nothing is found by identity.
  const list = (process as unknown as { moduleLoadList?: string[] }).moduleLoadList ?? []
  if (builtins && loadedCount === list.length) return builtins
  loadedCount = list.length
  const loaded = new Set(list.map((entry) => entry.replace('NativeModule ', '')))
  builtins = new Map()
  for (const name of builtinModules) {
    if (!loaded.has(name) || name.startsWith('_')) continue
    const found: unknown = process.getBuiltinModule(name)
    if (!isObject(found)) continue
    if (!builtins.has(found)) builtins.set(found, { specifier: withScheme(name), imported: '*' })
    for (const key of Object.keys(found)) {
      const descriptor = Object.getOwnPropertyDescriptor(found, key)
      if (typeof descriptor?.value === 'function' && !builtins.has(descriptor.value)) {
        builtins.set(descriptor.value, { specifier: withScheme(name), imported: key })
      }
    }
  }
  return builtins
}
