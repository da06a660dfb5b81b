import { Packr } from 'msgpackr/pack'
import { Unpackr } from 'msgpackr/unpack'
import type { HostRecord } from '../values/host-objects.ts'

/**
 * A captured value is a list of nodes, one for each object, and slots that are plain values or point to nodes, so cycles
 * and shared references keep their shape. Node 0 stands for nothing else than the root slot's target where it is an object.
 */
export type Graph = { root: Slot; nodes: GraphNode[] }

/**
 * `[n]` is node n. `['undefined']`, `['-0']`, `['hole']`, `['bigint', digits]`, `['symbol', key]` (Symbol.for),
 * `['known', name]` (Symbol.iterator and such) and `['utf16', text]` (a string that UTF-8 cannot hold).
 */
export type Slot = string | number | boolean | null | NodeRef | readonly [number] | readonly [SpecialKind, string?]
/** `[n]` while a graph is being written, when numbers are not final yet. */
export class NodeRef {
  readonly number: number
  constructor(number: number) {
    this.number = number
  }
}
export type SpecialKind = 'undefined' | '-0' | 'hole' | 'bigint' | 'symbol' | 'known' | 'utf16'

export type GraphNode =
  | readonly ['host', HostRecord]
  | readonly ['global', string]
  | readonly ['module', ModuleReference]
  | readonly ['require', string]
  | readonly ['cell', Slot]
  | readonly ['bound', Slot, Slot, Slot, Properties]
  | readonly ['function', FunctionRecord]
  | readonly ['class', FunctionRecord]
  | ObjectNode
/** kind, prototype where it is not the usual one, what the kind needs, own properties, how to make it with private fields */
export type ObjectNode = readonly ['data', DataKind, Slot | 0, Payload, Properties, Making?]
export type DataKind =
  | 'object'
  | 'array'
  | 'map'
  | 'set'
  | 'date'
  | 'regexp'
  | 'error'
  | 'buffer'
  | 'view'
  | 'boxed'
  | 'url'
  | 'query'
  | 'prototype'
export type Payload = Slot | readonly Slot[] | Uint8Array
/** The class whose constructor makes it, and for each class with private fields their values. */
export type Making = readonly [Slot, readonly (readonly [Slot, readonly Slot[]])[]]

/** Plain ones as key, value, key, value; then the others; then 1 where nothing may be added. */
export type Properties = readonly [readonly Slot[], (readonly OddProperty[])?, number?]
/** key, bits (1 enumerable, 2 writable, 4 configurable, 8 accessor), value or getter, setter */
export type OddProperty = readonly [Slot, number, Slot, Slot?]

export type ModuleReference = {
  specifier: string
  /** URL of the file that imports it; empty where the specifier needs none. */
  parent: string
  via: 'import' | 'require' | 'wrapped' | 'node-wrapped'
  /** `*` for the module as a whole. */
  imported: string
}

export type FunctionRecord = {
  form: string
  /** As the function's toString gives it. */
  text: string
  /** start, end, text, … : what to replace before it is compiled. */
  edits: readonly (number | string)[]
  file: string
  line: number
  column: number
  strict: boolean
  name: string
  /** Captured variables: names, and values at the same index. */
  names: readonly string[]
  slots: readonly Slot[]
  /** Variables shared with other functions, one of which assigns them: name, cell, … */
  cells: readonly (string | Slot)[]
  props: Properties
  /** Of a function: its prototype, where user code changed it. */
  prototype?: Slot
  /** Of a class: what it extends, and its private static values. */
  base?: Slot
  statics?: readonly Slot[]
  /** Of a class: the same for the same source and captured values. */
  id?: string
}

const version = 1
const packer = new Packr({ useRecords: false, variableMapSize: true })
const unpacker = new Unpackr({ useRecords: false })

export function packGraph(graph: Graph): Uint8Array {
  return new Uint8Array(packer.pack([version, graph.root, graph.nodes]))
}

/** @throws TypeError where the bytes are not a graph of this version. */
export function unpackGraph(bytes: Uint8Array): Graph {
  const found: unknown = unpacker.unpack(bytes)
  if (!Array.isArray(found) || found[0] !== version || !Array.isArray(found[2]))
    throw new TypeError('these bytes are no captured value of this version')
  return { root: found[1], nodes: found[2] } as Graph // written by packGraph of the same version
}

/** Only for what is known to be a slot: a list of one number looks the same. */
export const nodeOf = (slot: unknown): number | undefined =>
  Array.isArray(slot) && slot.length === 1 && typeof slot[0] === 'number' ? slot[0] : undefined

/** The part that `root` reaches, numbered in the order it is reached: the same for the same content. */
export function canonicalGraph(root: Slot, nodes: readonly GraphNode[], change: (node: GraphNode) => GraphNode = (node) => node): Graph {
  const numbers = new Map<number, number>()
  const order: number[] = []
  const renumber = (slot: unknown): unknown => {
    if (typeof slot !== 'object' || slot === null || slot instanceof Uint8Array) return slot
    if (slot instanceof NodeRef) {
      const target = slot.number
      let number = numbers.get(target)
      if (number === undefined) {
        number = order.length
        numbers.set(target, number)
        order.push(target)
      }
      return [number]
    }
    if (Array.isArray(slot)) return slot.map(renumber)
    return Object.fromEntries(Object.entries(slot).map(([key, value]) => [key, renumber(value)]))
  }
  const start = renumber(root) as Slot // renumber keeps every shape and changes numbers of nodes only
  const found: GraphNode[] = []
  for (let index = 0; index < order.length; index++) {
    const node = nodes[order[index] ?? 0]
    if (node) found.push(hasSlots(node) ? (renumber(change(node)) as GraphNode) : node)
  }
  return { root: start, nodes: found }
}

const hasSlots = (node: GraphNode): boolean => node[0] !== 'host' && node[0] !== 'global' && node[0] !== 'module' && node[0] !== 'require'

export const hashOf = (graph: Graph): string =>
  process.getBuiltinModule('node:crypto').createHash('sha256').update(packGraph(graph)).digest('hex')
