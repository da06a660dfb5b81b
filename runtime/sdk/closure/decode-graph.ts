import { createRequire } from 'node:module'
import type { HostObjects } from '../values/host-objects.ts'
import { type Built, buildFunction } from './build-function.ts'
import { findCaptured, findRebuilt, originOf, rememberOrigin, rememberRebuilt, rememberTwin } from './class-identity.ts'
import { createShell, fillShell, setProperties } from './decode-data.ts'
import { readFunctionText } from './function-text.ts'
import { isObject, resolveGlobal } from './globals.ts'
import { type FunctionRecord, type Graph, type GraphNode, nodeOf } from './graph-format.ts'
import { loadReference, type ModuleLoading } from './load-module.ts'
import { listMissingPackages, localUrl, rememberPackage } from './package-folders.ts'

/** Makes every object first and fills it afterwards, so that cycles close. */
export class GraphDecoder {
  readonly #graph: Graph
  readonly #hosts: HostObjects
  readonly #shells = new Map<number, unknown>()
  readonly #started = new Set<number>()
  readonly #toFill: (() => void)[] = []
  /** Nodes of modules that have to be imported before anything is made. */
  readonly #pending: Promise<void>[] = []

  constructor(graph: Graph, hosts: HostObjects) {
    this.#graph = graph
    this.#hosts = hosts
  }

  /** Loads the modules that the graph refers to; undefined where all were there at once. */
  load(loading: ModuleLoading): Promise<unknown> | undefined {
    const missing = listMissingPackages(this.#graph)
    const { findPackage } = loading
    if (missing.length === 0 || !findPackage) return this.#loadModules(loading)
    const found = missing.map(async (name) => rememberPackage(name, await findPackage(name)))
    return Promise.all(found).then(() => this.#loadModules(loading))
  }

  #loadModules(loading: ModuleLoading): Promise<unknown> | undefined {
    for (const [number, node] of this.#graph.nodes.entries()) {
      if (node[0] !== 'module') continue
      const found = loadReference(node[1], loading)
      if (found instanceof Promise) this.#pending.push(found.then((value: unknown) => void this.#shells.set(number, value)))
      else this.#shells.set(number, found)
    }
    return this.#pending.length > 0 ? Promise.all(this.#pending) : undefined
  }

  decode(): unknown {
    const root = this.#read(this.#graph.root)
    for (let index = 0; index < this.#toFill.length; index++) this.#toFill[index]?.()
    return root
  }

  readonly #read = (slot: unknown): unknown => {
    if (!Array.isArray(slot)) return slot
    const number = nodeOf(slot)
    if (number !== undefined) return this.#object(number)
    const text = String(slot[1])
    switch (slot[0]) {
      case '-0':
        return -0
      case 'bigint':
        return BigInt(text)
      case 'symbol':
        return Symbol.for(text)
      case 'known':
        return Reflect.get(Symbol, text)
      case 'utf16':
        return Buffer.from(text, 'base64').toString('utf16le')
      default:
        return undefined
    }
  }

  #object(number: number): unknown {
    if (this.#shells.has(number)) return this.#shells.get(number)
    const node = this.#graph.nodes[number]
    // A class that needs itself while it is made finds undefined now, and itself once it is filled.
    if (!node || this.#started.has(number)) return undefined
    this.#started.add(number)
    const value = this.#create(node)
    this.#shells.set(number, value)
    return value
  }

  #create(node: GraphNode): unknown {
    switch (node[0]) {
      case 'host':
        return this.#hosts.decode(node[1])
      case 'global':
        return resolveGlobal(node[1])
      case 'require':
        return createRequire(localUrl(node[1]))
      case 'module':
        return undefined // set by load()
      case 'cell': {
        const cell: { value: unknown } = { value: undefined }
        this.#toFill.push(() => (cell.value = this.#read(node[1])))
        return cell
      }
      case 'bound':
        return this.#bound(node)
      case 'function':
      case 'class':
        return this.#function(node)
      case 'data': {
        const shell = createShell(node, this.#read)
        this.#toFill.push(() => {
          fillShell(shell, node, this.#read)
          for (const [owner, values] of node[5]?.[1] ?? []) this.#setPrivate(shell, owner, values)
        })
        return shell
      }
    }
  }

  #bound([, target, self, args, props]: Extract<GraphNode, readonly ['bound', ...unknown[]]>): unknown {
    const fn = this.#read(target)
    const list = this.#read(args)
    if (typeof fn !== 'function') throw new TypeError('a captured bound function has no target')
    // The arguments are an array of this graph, which is filled later than a function can be bound: bind their values now.
    const node = this.#graph.nodes[nodeOf(args) ?? -1]
    const values = node?.[0] === 'data' && Array.isArray(node[3]) ? node[3].map(this.#read) : Array.isArray(list) ? list : []
    const bound: unknown = Reflect.apply(Function.prototype.bind, fn, [this.#read(self), ...values])
    if (isObject(bound)) this.#toFill.push(() => setProperties(bound, props, this.#read))
    return bound
  }

  #function(node: readonly ['function' | 'class', FunctionRecord]): object {
    const [kind, record] = node
    const rebuilt = kind === 'class' && record.id ? findRebuilt(record.id) : undefined
    if (rebuilt) return rebuilt
    const base = record.base === undefined ? undefined : this.#read(record.base)
    const original = kind === 'class' && record.id ? findCaptured(record.id) : undefined
    if (original && !hasPrivateFields(record) && (base === undefined || base === Object.getPrototypeOf(original))) return original
    const built = buildFunction(record, this.#cells(record), base)
    // A class evaluates computed names at once, so what it captures is made before it where that is possible.
    if (kind === 'class') built.set(record.slots.map(this.#read))
    const value = built.make()
    if (original && base === undefined) inheritFrom(value, original)
    if (record.name !== '' && Object.getOwnPropertyDescriptor(value, 'name')?.value !== record.name) {
      Object.defineProperty(value, 'name', { value: record.name, configurable: true })
    }
    this.#remember(value, node, built)
    this.#toFill.push(() => {
      built.set(record.slots.map(this.#read))
      if (record.statics) built.access.statics?.(value, record.statics.map(this.#read))
      if (record.prototype !== undefined) this.#read(record.prototype)
      setProperties(value, record.props, this.#read)
    })
    return value
  }

  #setPrivate(instance: object, owner: unknown, values: readonly unknown[]): void {
    const found = this.#read(owner)
    const access = isObject(found) ? originOf(found)?.access : undefined
    if (!access?.fields) throw new TypeError('a captured object has private fields, but its class cannot set them here')
    access.fields(instance, values.map(this.#read))
  }

  #remember(value: object, [kind, record]: readonly ['function' | 'class', FunctionRecord], built: Built): void {
    const references = new Map<string, GraphNode>()
    for (const [index, name] of record.names.entries()) {
      const target = this.#graph.nodes[nodeOf(record.slots[index]) ?? -1]
      if (target?.[0] === 'module' || target?.[0] === 'require') references.set(name, target)
    }
    rememberOrigin(value, { record, references, access: built.access })
    if (kind === 'class' && record.id) rememberRebuilt(record.id, value)
  }

  /** The object whose properties are a function's shared variables. */
  #cells(record: FunctionRecord): object | undefined {
    if (record.cells.length === 0) return undefined
    const variables: object = Object.create(null)
    for (let at = 0; at < record.cells.length; at += 2) {
      const cell = this.#read(record.cells[at + 1])
      if (!isObject(cell)) continue
      Object.defineProperty(variables, String(record.cells[at]), {
        get: () => Reflect.get(cell, 'value'),
        set: (value) => void Reflect.set(cell, 'value', value),
        enumerable: true,
      })
    }
    return variables
  }
}

/** Only code inside a class reaches its private fields, and the original's was not compiled with a way in: it needs a twin. */
const hasPrivateFields = (record: FunctionRecord): boolean => readFunctionText(record.text).classFacts?.hasPrivate === true

/** An instance of the twin is an instance of the original as well. */
function inheritFrom(twin: object, original: object): void {
  const prototype: unknown = Reflect.get(twin, 'prototype')
  const parent: unknown = Reflect.get(original, 'prototype')
  if (!isObject(prototype) || !isObject(parent)) return
  Object.setPrototypeOf(prototype, parent)
  rememberTwin(twin, original)
}
