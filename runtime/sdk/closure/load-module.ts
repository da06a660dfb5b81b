import { createRequire, isBuiltin } from 'node:module'
import { compileScript } from './compile-script.ts'
import { isObject } from './globals.ts'
import type { ModuleReference } from './graph-format.ts'
import { localUrl } from './package-folders.ts'

export type ModuleLoading = {
  importModule: (specifier: string) => Promise<unknown>
  resolveSync?: ((specifier: string) => unknown) | undefined
  /** The folder of an uploaded package on this machine; it is brought here first where it is not. */
  findPackage?: ((name: string) => Promise<string>) | undefined
}

/** Modules that were imported once stay loaded in Node as well; only this many are remembered here. */
const loadedLimit = 2_000
const loaded = new Map<string, unknown>()

/** What a reference names, or a promise of it where its module must be imported first. */
export function loadReference(travelled: ModuleReference, loading: ModuleLoading): unknown {
  const reference = { ...travelled, specifier: localUrl(travelled.specifier), parent: localUrl(travelled.parent) }
  const { specifier, parent } = reference
  if (isBuiltin(specifier)) return pick(reference, process.getBuiltinModule(specifier))
  if (parent === '') {
    const known = loading.resolveSync?.(specifier)
    if (known !== undefined) return pick(reference, known)
  }
  if (reference.via !== 'import' && parent !== '') {
    try {
      return pick(reference, createRequire(parent)(specifierToRequire(specifier)))
    } catch (cause) {
      if (!isNotFound(cause)) throw cause // the package is there and fails
    }
  }
  const key = `${specifier} ${parent}`
  if (loaded.has(key)) return pick(reference, loaded.get(key))
  return importFrom(reference, loading).then((found) => {
    if (loaded.size >= loadedLimit) loaded.clear()
    loaded.set(key, found)
    return pick(reference, found)
  })
}

/** First from where the user's file imports it, if this machine has that file system, then as our own process finds it. */
async function importFrom({ specifier, parent }: ModuleReference, loading: ModuleLoading): Promise<unknown> {
  if (parent !== '') {
    try {
      const load = compileScript('(specifier) => import(specifier)', { filename: parent }).runInThisContext() as (
        specifier: string,
      ) => Promise<unknown> // the text above
      return await load(specifier)
    } catch (cause) {
      if (!isNotFound(cause)) throw cause
    }
  }
  return loading.importModule(packageOf(specifier))
}

const isNotFound = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && (cause.code === 'ERR_MODULE_NOT_FOUND' || cause.code === 'MODULE_NOT_FOUND')

const specifierToRequire = (specifier: string): string =>
  specifier.startsWith('file:') ? decodeURIComponent(new URL(specifier).pathname) : specifier

/** Of a file inside a package the package itself: on another machine it lies elsewhere, and most export the same names. */
function packageOf(specifier: string): string {
  const inside = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(specifier)
  return specifier.startsWith('file:') && inside?.[1] !== undefined ? inside[1] : specifier
}

function pick({ specifier, via, imported }: ModuleReference, found: unknown): unknown {
  const whole = isBuiltin(specifier) && via === 'import' ? namespaceOf(found) : found
  if (imported === '*') return via === 'wrapped' || via === 'node-wrapped' ? wrap(whole, via === 'node-wrapped') : whole
  if (!isObject(whole) || !(imported in whole)) throw new TypeError(`module '${specifier}' has no export '${imported}' here`)
  return Reflect.get(whole, imported)
}

const namespaces = new WeakMap<object, object>()

/** What `import * as x` gives for a built-in module. */
function namespaceOf(found: unknown): unknown {
  if (!isObject(found)) return found
  const known = namespaces.get(found)
  if (known) return known
  const namespace = { __proto__: null, ...found, default: found }
  namespaces.set(found, namespace)
  return namespace
}

/** What bundlers put around a module that `require` gave. */
function wrap(found: unknown, isNodeMode: boolean): unknown {
  if (!isObject(found) || (!isNodeMode && Reflect.get(found, '__esModule') === true)) return found
  const members = Object.getOwnPropertyDescriptors(found)
  const target: object = Object.create(Object.getPrototypeOf(found), {})
  for (const [name, descriptor] of Object.entries(members)) {
    if (name === 'prototype' || name === 'length' || name === 'name') continue
    Object.defineProperty(target, name, {
      get: () => Reflect.get(found, name),
      enumerable: descriptor.enumerable ?? true,
      configurable: true,
    })
  }
  const isNamespace = Reflect.get(found, Symbol.toStringTag) === 'Module'
  const value: unknown = isNamespace && 'default' in found ? Reflect.get(found, 'default') : found
  Object.defineProperty(target, 'default', { value, enumerable: true, configurable: true })
  return target
}
