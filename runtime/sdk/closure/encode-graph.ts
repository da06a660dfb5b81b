import { types } from 'node:util'
import type { HostObjects } from '../values/host-objects.ts'
import { rememberCaptured } from './class-identity.ts'
import { encodeData } from './encode-data.ts'
import { encodeFunction } from './encode-function.ts'
import { findGlobalPath, isObject, wellKnownSymbolName } from './globals.ts'
import { canonicalGraph, type FunctionRecord, type Graph, type GraphNode, hashOf, NodeRef, type Slot } from './graph-format.ts'
import { findBuiltin, findPackageModule, refreshPackageModules } from './module-references.ts'
import { describeFunction } from './inspector-session.ts'
import { portableNode } from './package-folders.ts'
import { findScript } from './script-table.ts'
import { type Path, refuse, whyNotPortable } from './refusals.ts'
import { Variables } from './variables.ts'

/** More objects than any closure should hold; a value of this size belongs in the object store as typed arrays. */
const nodeLimit = 5_000_000

/** Walks a value breadth first and writes each object once. */
export class GraphEncoder {
  readonly hosts: HostObjects
  readonly what: string
  readonly variables = new Variables()
  readonly #nodes: (GraphNode | undefined)[] = []
  readonly #numbers = new Map<object, number>()
  readonly #waiting: { value: object; number: number; path: Path | undefined }[] = []
  readonly #classes: { number: number; value: object; record: FunctionRecord }[] = []

  constructor(hosts: HostObjects, what: string) {
    this.hosts = hosts
    this.what = what
    refreshPackageModules()
  }

  encode(root: unknown): Graph {
    const slot = this.slotOf(root, typeof root === 'function' ? undefined : { step: 'property', name: 'value', parent: undefined })
    for (let index = 0; index < this.#waiting.length; index++) {
      const next = this.#waiting[index]
      if (next) this.#nodes[next.number] = this.#encodeObject(next.value, next.number, next.path)
    }
    this.variables.number((node) => this.addNode(node))
    const written = this.#nodes as GraphNode[] // the queue is empty: every node is written
    const settled = written.map((node) => portableNode(node[0] === 'function' || node[0] === 'class' ? this.variables.settle(node) : node))
    for (const { number, value } of this.#classes) this.#identify(settled, number, value)
    return canonicalGraph(slot, settled)
  }

  slotOf(value: unknown, path: Path | undefined): Slot {
    switch (typeof value) {
      case 'string':
        return value.isWellFormed() ? value : ['utf16', Buffer.from(value, 'utf16le').toString('base64')]
      case 'boolean':
        return value
      case 'number':
        return Object.is(value, -0) ? ['-0'] : value
      case 'undefined':
        return ['undefined']
      case 'bigint':
        return ['bigint', String(value)]
      case 'symbol':
        return this.#symbol(value, path)
      default:
        return this.#slotOfObject(value, path)
    }
  }

  #slotOfObject(value: unknown, path: Path | undefined): Slot {
    if (!isObject(value)) return null
    const known = this.#numbers.get(value)
    if (known !== undefined) return new NodeRef(known)
    const number = this.#nodes.push(undefined) - 1
    if (number > nodeLimit)
      throw refuse(this.what, path, `holds more than ${nodeLimit} objects; put them into the object store and pass references`)
    this.#numbers.set(value, number)
    this.#waiting.push({ value, number, path })
    return new NodeRef(number)
  }

  /** A node that no object of its own stands for, such as a module or a part of a namespace. */
  addNode(node: GraphNode): NodeRef {
    return new NodeRef(this.#nodes.push(node) - 1)
  }

  addClass(number: number, value: object, record: FunctionRecord): void {
    this.#classes.push({ number, value, record })
  }

  /** Whether `value` could travel on its own; used only where something else can take its place. */
  isPortable(value: object): boolean {
    if (this.#numbers.has(value)) return true
    try {
      new GraphEncoder(this.hosts, this.what).encode(value)
      return true
    } catch {
      return false // whatever the reason, the caller takes the substitute
    }
  }

  /** Whether a class is Node's or the language's own. */
  isOfNode(owner: object): boolean {
    if (findGlobalPath(owner) !== undefined || findBuiltin(owner)) return true
    const { location } = describeFunction(owner)
    return location === undefined ? /\[native code\]/.test(String(owner)) : findScript(location.scriptId)?.isNode === true
  }

  refuse(path: Path | undefined, reason: string): Error {
    return refuse(this.what, path, reason)
  }

  #symbol(value: symbol, path: Path | undefined): Slot {
    const key = Symbol.keyFor(value)
    if (key !== undefined) return ['symbol', key]
    const name = wellKnownSymbolName(value)
    if (name !== undefined) return ['known', name]
    throw refuse(this.what, path, `a unique symbol ${String(value)} has no identity in another process; use Symbol.for()`)
  }

  #encodeObject(value: object, number: number, path: Path | undefined): GraphNode {
    const host = this.hosts.encode(value)
    if (host) return ['host', host]
    const global = findGlobalPath(value)
    if (global !== undefined) return ['global', global]
    const builtin = findBuiltin(value) ?? findPackageModule(value)
    if (builtin) return ['module', builtin]
    const reason = whyNotPortable(value)
    if (reason !== undefined) throw refuse(this.what, path, reason)
    return typeof value === 'function' && !types.isProxy(value)
      ? encodeFunction(this, { fn: value, number, path })
      : encodeData(this, value, path)
  }

  /** A class's identity: the hash of everything that it is made of. */
  #identify(nodes: GraphNode[], number: number, value: object): void {
    const node = nodes[number]
    if (node?.[0] !== 'class') return
    const withoutIds = (one: GraphNode): GraphNode => (one[0] === 'class' ? ['class', { ...one[1], id: '' }] : one)
    const id = node[1].id || hashOf(canonicalGraph(new NodeRef(number), nodes, withoutIds))
    nodes[number] = ['class', { ...node[1], id }]
    rememberCaptured(id, value)
  }
}
