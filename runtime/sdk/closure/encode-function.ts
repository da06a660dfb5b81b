import { originOf, type Origin } from './class-identity.ts'
import { encodeProperties } from './encode-data.ts'
import type { GraphEncoder } from './encode-graph.ts'
import { alignLines } from './align-lines.ts'
import { type ClassFacts, type Edit, type FunctionText, readFunctionText } from './function-text.ts'
import type { FunctionRecord, GraphNode } from './graph-format.ts'
import { describeFunction, type FunctionFacts, privateFields } from './inspector-session.ts'
import { findPackageExport, isOwnUrl } from './module-references.ts'
import type { Path } from './refusals.ts'
import { findScript, type Script } from './script-table.ts'
import { captureVariables } from './encode-variables.ts'

export type FunctionToEncode = { fn: object; number: number; path: Path | undefined }

/** A function or class by value, or by reference where a package or Node itself defines it. */
export function encodeFunction(encoder: GraphEncoder, { fn, number, path }: FunctionToEncode): GraphNode {
  const facts = describeFunction(fn)
  const name = nameOf(fn)
  const here: Path = { step: 'function', name: name === '' ? '(anonymous function)' : name, parent: path }
  const ownKeys = (skip: (key: string | symbol) => boolean) => encodeProperties(encoder, { value: fn, path: here, skip })
  if (facts.bound) {
    const { target, self, args } = facts.bound
    const slots = [
      encoder.slotOf(target, here),
      encoder.slotOf(self, below(here, 'this')),
      encoder.slotOf(args, below(here, 'arguments')),
    ] as const
    return ['bound', ...slots, ownKeys(isFunctionKey)]
  }
  const origin = originOf(fn)
  const text = origin?.record.text ?? Function.prototype.toString.call(fn)
  if (/\{\s*\[native code\]\s*\}$/.test(text)) {
    throw encoder.refuse(here, `is native code of this process; call it inside the function, or import what it belongs to there`)
  }
  const script = facts.location && findScript(facts.location.scriptId)
  if (script?.isNode) throw encoder.refuse(here, `belongs to Node itself (${script.url}); import or create it inside the function`)
  if (script && !origin && (script.isPackage || isOwnUrl(script.url, script.url))) {
    const exported = findPackageExport(fn, script, facts.scopes)
    if (exported) return ['module', exported]
  }
  const code = readText(encoder, text, here)
  const record = createRecord({ fn, name, text, code, facts, script, origin })
  const captured = captureVariables(encoder, { record, code, facts, script, origin, path: here })
  if (code.form !== 'class') {
    const prototype = patchedPrototype(fn)
    if (prototype) record.prototype = encoder.slotOf(prototype, below(here, 'prototype'))
    return ['function', Object.assign(record, captured, { props: ownKeys(isFunctionKey) })]
  }
  return encodeClass(encoder, { fn, number, path: here, code, record: Object.assign(record, captured) })
}

const below = (parent: Path, name: string): Path => ({ step: 'variable', name, parent })
const isFunctionKey = (key: string | symbol): boolean =>
  key === 'length' || key === 'name' || key === 'prototype' || key === 'arguments' || key === 'caller'

function nameOf(fn: object): string {
  const descriptor = Object.getOwnPropertyDescriptor(fn, 'name')
  return typeof descriptor?.value === 'string' ? descriptor.value : ''
}

function readText(encoder: GraphEncoder, text: string, here: Path): FunctionText {
  let code: FunctionText
  try {
    code = readFunctionText(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw encoder.refuse(here, `its source cannot be read on its own (${reason}); write it as a plain function or class`)
  }
  const { usage } = code
  const kind = code.isArrow ? 'arrow function' : code.form === 'class' ? 'class' : 'function'
  if (usage.outerThis !== undefined) {
    throw encoder.refuse(
      here,
      `${kind} ${here.name} uses the '${usage.outerThis}' of the place it was written in; use a local variable (const self = this) or a function`,
    )
  }
  if (usage.outerSuper) throw encoder.refuse(here, `${here.name} uses 'super' of an object literal or method; ship the class instead`)
  if (usage.importMeta)
    throw encoder.refuse(here, `${here.name} uses import.meta, which belongs to its own module; read it into a variable outside`)
  return code
}

type RecordParts = {
  fn: object
  name: string
  text: string
  code: FunctionText
  facts: FunctionFacts
  script: Script | undefined
  origin: Origin | undefined
}

function createRecord({ name, text, code, facts, script, origin }: RecordParts): FunctionRecord {
  const empty = { name, text, names: [], slots: [], cells: [], props: [[]] as const }
  if (origin) {
    const { form, edits, file, line, column, strict } = origin.record
    return { ...empty, form, edits, file, line, column, strict, ...(origin.record.id === undefined ? {} : { id: origin.record.id }) }
  }
  const placed = placeOf({ text, code, facts, script })
  return {
    ...empty,
    form: code.form,
    edits: [...placed.breaks, ...code.edits, ...code.privateEdits].flatMap((edit) => [edit.start, edit.end, edit.text]),
    file: placed.file,
    line: placed.line,
    column: placed.column,
    strict: script ? script.isModule || script.facts().strict : true,
  }
}

type Placed = { file: string; line: number; column: number; breaks: readonly Edit[] }

/** Reading a source map for each token is slow, and one place always gives the same. The newest 2000 are kept. */
const placedLimit = 2_000
const placed = new Map<string, Placed>()

/** Where the user wrote the code, and the line breaks that keep its lines where a tool took them out. */
function placeOf({ text, code, facts, script }: Omit<RecordParts, 'fn' | 'name' | 'origin'>): Placed {
  const place = facts.location ?? { scriptId: '', line: 0, column: 0 }
  const key = `${place.scriptId}:${place.line}:${place.column}:${text.length}`
  const known = placed.get(key)
  if (known) return known
  const start = textStart(text, place)
  const mapped = script?.original(place.line, place.column)
  let found: Placed = { file: script?.url ?? '', line: start.line, column: start.column, breaks: [] }
  if (script && mapped) {
    const originalLine = (offset: number): number | undefined => originalLineOf(script, text, { offset, start, file: mapped.file })
    const isKept = (offset: number): boolean => !code.edits.some((edit) => offset > edit.start && offset < edit.end)
    const breaks = alignLines({ text, breaks: code.breaks.filter(isKept), firstLine: mapped.line, originalLine })
    found = { file: mapped.file, line: mapped.line, column: 0, breaks }
  }
  if (placed.size >= placedLimit) for (const oldest of placed.keys()) if (placed.delete(oldest)) break
  placed.set(key, found)
  return found
}

/** V8 gives the place of a function's parameters; the text starts before, usually on the same line. */
function textStart(text: string, place: { line: number; column: number }): { line: number; column: number } {
  if (/^class\b/.test(text)) return place
  const head = /^[^(]*/.exec(text)?.[0] ?? ''
  const isArrowWithoutParens = /^(async\s+)?[\w$]+\s*=>/.test(text)
  const before = isArrowWithoutParens ? (/^async\s+/.exec(text)?.[0] ?? '') : head
  if (before.includes('\n')) return { line: place.line - (before.split('\n').length - 1), column: 0 }
  return { line: place.line, column: Math.max(0, place.column - before.length) }
}

function originalLineOf(
  script: Script,
  text: string,
  at: { offset: number; start: { line: number; column: number }; file: string },
): number | undefined {
  const before = text.slice(0, at.offset)
  const lastBreak = before.lastIndexOf('\n')
  const line = at.start.line + (before.split('\n').length - 1)
  const column = lastBreak < 0 ? at.start.column + at.offset : at.offset - lastBreak - 1
  const found = script.original(line, column)
  return found?.file === at.file ? found.line : undefined
}

/** Methods that user code put on a function's prototype travel with it; a plain prototype is made anew. */
function patchedPrototype(fn: object): object | undefined {
  const prototype: unknown = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value
  if (typeof prototype !== 'object' || prototype === null || !Object.hasOwn(prototype, 'constructor')) return undefined
  return Reflect.ownKeys(prototype).length > 1 || Object.getPrototypeOf(prototype) !== Object.prototype ? prototype : undefined
}

type ClassToEncode = { fn: object; number: number; path: Path; code: FunctionText; record: FunctionRecord }

function encodeClass(encoder: GraphEncoder, { fn, number, path, code, record }: ClassToEncode): GraphNode {
  const { classFacts } = code
  if (!classFacts) throw encoder.refuse(path, 'is no class')
  checkPrototype(encoder, { fn, path, code: record.text, facts: classFacts })
  const isOwnStatic = (key: string | symbol): boolean => {
    if (isFunctionKey(key) && (key !== 'name' || nameOf(fn) === record.name)) return true
    const descriptor = Object.getOwnPropertyDescriptor(fn, key)
    const method: unknown = descriptor?.value ?? descriptor?.get ?? descriptor?.set
    if (typeof key === 'string' && classFacts.statics.has(key)) return true
    return classFacts.hasComputed && typeof method === 'function' && record.text.includes(Function.prototype.toString.call(method))
  }
  const props = encodeProperties(encoder, { value: fn, path, skip: isOwnStatic })
  const base: unknown = Object.getPrototypeOf(fn)
  const result: FunctionRecord = Object.assign(record, { props })
  if (classFacts.hasSuper) result.base = encoder.slotOf(base === Function.prototype ? null : base, below(path, 'extends'))
  if (classFacts.privateStatics.length > 0) {
    const found = new Map(privateFields(fn).map((one) => [one.name, one.value]))
    result.statics = classFacts.privateStatics.map((name) => encoder.slotOf(found.get(`#${name}`), below(path, `#${name}`)))
  }
  encoder.addClass(number, fn, result)
  return ['class', result]
}

function checkPrototype(
  encoder: GraphEncoder,
  { fn, path, code, facts }: { fn: object; path: Path; code: string; facts: ClassFacts },
): void {
  const prototype: unknown = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value
  if (typeof prototype !== 'object' || prototype === null) return
  for (const key of Reflect.ownKeys(prototype)) {
    if (key === 'constructor') continue
    const descriptor = Object.getOwnPropertyDescriptor(prototype, key)
    const method: unknown = descriptor?.value ?? descriptor?.get ?? descriptor?.set
    const isDeclared = typeof key === 'string' && facts.methods.has(key)
    const isFromText =
      typeof method === 'function' && (code.includes(Function.prototype.toString.call(method)) || originOf(fn) !== undefined)
    if (isFromText && (isDeclared || facts.hasComputed)) continue
    throw encoder.refuse(
      path,
      `'${String(key)}' was added to the prototype of class ${path.name} after its declaration; declare it in the class, or import the class from a package`,
    )
  }
}
