import type { Origin } from './class-identity.ts'
import { encodeNamespace } from './encode-data.ts'
import type { GraphEncoder } from './encode-graph.ts'
import type { FreeVariable } from './free-variables.ts'
import type { FunctionText } from './function-text.ts'
import { isGlobalName, isObject } from './globals.ts'
import type { FunctionRecord, Slot } from './graph-format.ts'
import { types } from 'node:util'
import type { FunctionFacts, FunctionScope } from './inspector-session.ts'
import { referenceTo } from './module-references.ts'
import type { Path } from './refusals.ts'
import type { Script } from './script-table.ts'

type Capture = {
  record: FunctionRecord
  code: FunctionText
  facts: FunctionFacts
  script: Script | undefined
  origin: Origin | undefined
  path: Path
}
type Found = { scope: FunctionScope; depth: number; value: unknown }

/** The variables that the code uses and does not declare, each as a value or as a reference to a module. */
export function captureVariables(encoder: GraphEncoder, capture: Capture): { names: string[]; slots: Slot[] } {
  const names: string[] = []
  const slots: Slot[] = []
  for (const [name, use] of [...capture.code.usage.free].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const slot = variableSlot(encoder, capture, { name, use })
    if (slot === undefined) continue
    names.push(name)
    slots.push(slot)
  }
  return { names, slots }
}

function variableSlot(encoder: GraphEncoder, capture: Capture, { name, use }: { name: string; use: FreeVariable }): Slot | undefined {
  const { facts, script, origin } = capture
  const path: Path = { step: 'variable', name, parent: capture.path }
  const kept = origin?.references.get(name)
  if (kept) return encoder.addNode(kept)
  const found = findVariable(encoder, capture, { name, path })
  if (!found) {
    if (isGlobalName(name) || use.typeofOnly) return undefined
    if (!(name in globalThis)) throw encoder.refuse(path, 'not found in any enclosing scope')
    return encoder.slotOf(Reflect.get(globalThis, name), path)
  }
  const { scope, value } = found
  const known = script?.facts()
  const isOutermost = known !== undefined && found.depth >= facts.scopes.length - known.depth && scope.name === ''
  const isTopLevel = scope.kind === 'module' || (isOutermost && known.topLevel.has(name))
  if (script && isTopLevel && !origin) {
    if (name === 'require' && typeof value === 'function' && 'resolve' in value) return encoder.addNode(['require', script.url])
    if (name === 'module' && isObject(value) && 'exports' in value)
      return encodeNamespace(encoder, { value, members: new Set(['exports']), path })
    const binding = script.facts().bindings.get(name)
    const reference = binding && referenceTo(binding, script.url, value)
    if (reference) return encoder.addNode(['module', reference])
    const isWholeModule = binding?.imported === '*' && binding.via !== 'import' && typeof value === 'object'
    if (isObject(value) && (isWholeModule || types.isModuleNamespaceObject(value))) {
      return encodeNamespace(encoder, { value, members: use.members, path })
    }
    if (value === undefined && script.facts().neverUndefined.has(name)) throw notInitialised(encoder, path)
  }
  const slot = encoder.slotOf(value, path)
  const owner = `${facts.location?.scriptId ?? ''}:${scope.name}:${facts.scopes.length - found.depth}`
  const place = `${facts.location?.line}:${facts.location?.column}`
  if (scope.kind === 'module' || scope.name !== '' || isTopLevel) {
    encoder.variables.use(capture.record, isTopLevel ? { ...scope, kind: 'module' } : scope, {
      name,
      slot,
      assigned: use.assigned,
      owner,
      place,
    })
  }
  return slot
}

function findVariable(encoder: GraphEncoder, { facts }: Capture, { name, path }: { name: string; path: Path }): Found | undefined {
  for (const [depth, scope] of facts.scopes.entries()) {
    if (!Object.hasOwn(scope.variables, name)) continue
    try {
      return { scope, depth, value: scope.variables[name] }
    } catch {
      throw notInitialised(encoder, path)
    }
  }
  return undefined
}

const notInitialised = (encoder: GraphEncoder, path: Path): Error =>
  encoder.refuse(path, 'is used before its declaration was evaluated; create the remote function after it')
