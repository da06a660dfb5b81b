import type { InspectorNotification, Session, Debugger, Runtime } from 'node:inspector'

/** What V8 tells of a function that JavaScript itself cannot ask. */
export type FunctionFacts = {
  location: { scriptId: string; line: number; column: number } | undefined
  /** From the innermost scope outwards, without the global one. Reading a variable may throw: it is not initialised yet. */
  scopes: readonly FunctionScope[]
  bound: { target: unknown; self: unknown; args: unknown } | undefined
}
/** `name` is that of the function whose call made the scope; empty where it has none. */
export type FunctionScope = { kind: 'module' | 'local' | 'with'; name: string; variables: Readonly<Record<string, unknown>> }

export type ScriptReport = { scriptId: string; url: string; isModule: boolean; sourceMapUrl: string | undefined }

const objectGroup = 'shoal-capture'
/** Live values cross between us and the inspector through one field of the global object, present only meanwhile. */
const bridgeName = '__shoalCaptureBridge'
const bridge: { value: unknown } = { value: undefined }

let session: Session | undefined

/** Runs `work` and lets go of everything that the inspector came to hold in it: its handles keep values alive. */
export function withInspector<T>(work: () => T): T {
  connect()
  const had = Object.getOwnPropertyDescriptor(globalThis, bridgeName)
  Object.defineProperty(globalThis, bridgeName, { value: bridge, configurable: true, enumerable: false })
  try {
    return work()
  } finally {
    bridge.value = undefined
    post('Runtime.releaseObjectGroup', { objectGroup })
    if (!had) Reflect.deleteProperty(globalThis, bridgeName)
  }
}

/** Connects now, so that the first capture need not. */
export function connect(): void {
  if (session) return
  session = new (process.getBuiltinModule('node:inspector').Session)()
  session.connect()
}

/** Only inside `withInspector`. */
export function describeFunction(fn: object): FunctionFacts {
  const internal = propertiesOf(handleOf(fn)).internalProperties ?? []
  const find = (name: string): Runtime.RemoteObject | undefined => internal.find((one) => one.name === name)?.value
  const place = find('[[FunctionLocation]]')?.value as { scriptId: string; lineNumber: number; columnNumber: number } | undefined // the protocol's Location
  const scopes = find('[[Scopes]]')
  const target = find('[[TargetFunction]]')
  return {
    location: place && { scriptId: place.scriptId, line: place.lineNumber, column: place.columnNumber },
    scopes: scopes ? readScopes(liveValue(scopes)) : [],
    bound: target && { target: liveValue(target), self: liveValue(find('[[BoundThis]]')), args: liveValue(find('[[BoundArgs]]')) },
  }
}

/** Private fields and their values, base class first. Only inside `withInspector`. */
export function privateFields(instance: object): { name: string; value: unknown }[] {
  // privateProperties is part of the protocol that Node 20 speaks; its published types lack it.
  const answer = propertiesOf(handleOf(instance)) as Runtime.GetPropertiesReturnType & {
    privateProperties?: { name: string; value?: Runtime.RemoteObject }[]
  }
  return (answer.privateProperties ?? []).flatMap((one) => (one.value ? [{ name: one.name, value: liveValue(one.value) }] : []))
}

/**
 * Every script known to V8, and a reader of their sources that works only while `use` runs. Costs 20 to 70 ms: the
 * Debugger domain is on meanwhile, and reports all scripts anew.
 */
export function withScripts(use: (scripts: readonly ScriptReport[], sourceOf: (scriptId: string) => string) => void): void {
  connect()
  const scripts: ScriptReport[] = []
  const listen = (message: InspectorNotification<Debugger.ScriptParsedEventDataType>): void => {
    const { scriptId, url, isModule, sourceMapURL } = message.params
    scripts.push({ scriptId, url, isModule: isModule === true, sourceMapUrl: sourceMapURL })
  }
  session?.on('Debugger.scriptParsed', listen)
  try {
    post('Debugger.enable', {})
    use(scripts, (scriptId) => (post('Debugger.getScriptSource', { scriptId }) as Debugger.GetScriptSourceReturnType).scriptSource)
  } finally {
    session?.off('Debugger.scriptParsed', listen)
    post('Debugger.disable', {})
  }
}

function readScopes(list: unknown): FunctionScope[] {
  const scopes: FunctionScope[] = []
  const entries = list as { length: number; [index: number]: { description: string; object: Readonly<Record<string, unknown>> } } // V8's scope list
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index]
    if (!entry || entry.object === globalThis) continue
    const kind = entry.description.startsWith('Module') ? 'module' : entry.description.startsWith('With') ? 'with' : 'local'
    scopes.push({ kind, name: /\((.*)\)$/.exec(entry.description)?.[1] ?? '', variables: entry.object })
  }
  return scopes
}

function handleOf(value: object): string {
  bridge.value = value
  const answer = post('Runtime.evaluate', { expression: `globalThis.${bridgeName}.value`, objectGroup }) as Runtime.EvaluateReturnType
  const handle = answer.result.objectId
  if (handle === undefined) throw new Error('the inspector did not hand out a handle')
  return handle
}

/** The value itself behind a handle, not a copy. */
function liveValue(remote: Runtime.RemoteObject | undefined): unknown {
  if (!remote) return undefined
  if (remote.objectId === undefined)
    return remote.unserializableValue === undefined ? remote.value : unserializable(remote.unserializableValue)
  bridge.value = undefined
  post('Runtime.callFunctionOn', {
    objectId: remote.objectId,
    functionDeclaration: `function () { 'use strict'; globalThis.${bridgeName}.value = this }`,
    objectGroup,
  })
  return bridge.value
}

const unserializable = (text: string): unknown => (text.endsWith('n') ? BigInt(text.slice(0, -1)) : Number(text))

const propertiesOf = (objectId: string): Runtime.GetPropertiesReturnType =>
  post('Runtime.getProperties', { objectId, ownProperties: true }) as Runtime.GetPropertiesReturnType // as the method's name promises

/** One call. The in-process inspector answers before `post` returns. */
function post(method: string, params: object): unknown {
  let failure: Error | null = null
  let answer: unknown
  session?.post(method, params, (error, result) => {
    failure = error
    answer = result
  })
  if (failure !== null) throw new Error(`inspector ${method}: ${JSON.stringify(failure)}`)
  return answer
}
