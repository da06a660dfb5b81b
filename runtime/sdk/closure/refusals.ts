import { types } from 'node:util'
import { ClusterError } from '../../base/errors.ts'

/** Where in the captured value we are, outermost last. */
export type Path = { readonly step: 'function' | 'variable' | 'property'; readonly name: string; readonly parent: Path | undefined }

/** Says what cannot travel: the functions on the way, the variable, the reason, and what to do. */
export function refuse(what: string, path: Path | undefined, reason: string): ClusterError {
  const functions: string[] = []
  let variable = ''
  for (let step = path; step; step = step.parent) {
    if (step.step === 'function') functions.unshift(step.name)
    else if (functions.length === 0)
      variable = step.step === 'variable' || step.parent === undefined ? step.name + variable : `${access(step.name)}${variable}`
  }
  const trail = functions.join(' -> ')
  const where = variable === '' ? trail : trail === '' ? `'${variable}'` : `${trail} captures '${variable}'`
  return new ClusterError('function.not-portable', `cannot ship ${what} to a worker: ${where === '' ? '' : `${where}: `}${reason}`, {
    details: { variable, function: functions.at(-1) ?? '' },
  })
}

const access = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${name}]`)

/** Why a built-in kind of object cannot travel, or undefined where nothing speaks against it. */
export function whyNotPortable(value: object): string | undefined {
  if (types.isProxy(value)) return 'a Proxy cannot be copied to another process; pass the object behind it'
  if (types.isPromise(value)) return 'a Promise cannot be copied to another process; await it first'
  if (types.isWeakMap(value)) return 'a WeakMap cannot be copied to another process; its entries cannot be listed'
  if (types.isWeakSet(value)) return 'a WeakSet cannot be copied to another process; its entries cannot be listed'
  if (value instanceof WeakRef) return 'a WeakRef cannot be copied to another process; pass the object itself'
  if (value instanceof FinalizationRegistry)
    return 'a FinalizationRegistry cannot be copied to another process; create it inside the function'
  if (types.isGeneratorObject(value))
    return 'a running generator cannot be copied to another process; pass the generator function, or an array of its values'
  if (types.isMapIterator(value) || types.isSetIterator(value))
    return 'a running iterator cannot be copied to another process; pass an array of its values'
  if (types.isSharedArrayBuffer(value)) return 'a SharedArrayBuffer cannot be shared between processes; copy it, or use put()'
  if (types.isExternal(value)) return 'it is a native pointer, which has no meaning in another process'
  return undefined
}

export const openHandle = (name: string): string => `holds an open ${name} (a process-local handle); create it inside the function`

/** What stands under `_handle` or Node's own handle symbol is a resource of this process. */
export function hasHandle(value: object): boolean {
  if (typeof Reflect.get(value, '_handle') === 'object' && Reflect.get(value, '_handle') !== null) return true
  return Object.getOwnPropertySymbols(value).some((symbol) => /^(kHandle|handle|kState|async_id_symbol)$/.test(symbol.description ?? ''))
}
