import { posix } from 'node:path'
import { isNode, moduleIn, type Node, parse, walk } from './syntax-tree.ts'

/** What a file has to do with texts. */
type Reading = {
  /** Of the texts that it defines. */
  readonly keys: readonly string[]
  /** All its string literals, those in types included. */
  readonly words: ReadonlySet<string>
  /** Each as what it can become. */
  readonly templates: readonly RegExp[]
  readonly imports: readonly string[]
}
type Readings = ReadonlyMap<string, Reading>

/**
 * Keys given to `defineMessages` that nothing can ask for, each as `path: key`. `sources` are files by their paths.
 *
 * A key counts as asked for when it is a word of a file that imports its texts, or of anything that such a file imports in turn, as the type of
 * what is asked for may be written far away; or when a template of a file that imports its texts can become it.
 */
export function findUnusedKeys(sources: ReadonlyMap<string, string>): string[] {
  const readings: Readings = new Map([...sources].map(([path, source]) => [path, read(path, source)]))
  return [...readings].flatMap(([path, { keys }]) => {
    if (keys.length === 0) return []
    const askers = [...readings.keys()].filter((asker) => readings.get(asker)?.imports.includes(path))
    const reached = reach(askers, readings).filter(({ keys: texts }) => texts.length === 0) // texts do not ask for texts
    const templates = askers.flatMap((asker) => readings.get(asker)?.templates ?? [])
    const isUsed = (key: string) => reached.some(({ words }) => words.has(key)) || templates.some((template) => template.test(key))
    return keys.filter((key) => !isUsed(key)).map((key) => `${path}: ${key}`)
  })
}

/** The files and what they import, and what that imports. */
function reach(paths: readonly string[], readings: Readings): Reading[] {
  const reached = new Set(paths)
  for (const path of reached) for (const next of readings.get(path)?.imports ?? []) reached.add(next) // a set also comes to what is added meanwhile
  return [...reached].flatMap((path) => readings.get(path) ?? [])
}

function read(path: string, source: string): Reading {
  const reading = { keys: [] as string[], words: new Set<string>(), templates: [] as RegExp[], imports: [] as string[] } // filled below
  walk(parse(source, path), (node) => {
    const module = moduleIn(node)
    if (module !== undefined) reading.imports.push(posix.join(posix.dirname(path), module))
    if (node['type'] === 'Literal' && typeof node['value'] === 'string') reading.words.add(node['value'])
    if (node['type'] === 'TemplateLiteral') reading.templates.push(...templateOf(node))
    reading.keys.push(...keysOf(node))
  })
  return reading
}

/** The keys of the first language: the compiler sees to it that the second has the same. */
function keysOf(node: Node): string[] {
  if (node['type'] !== 'CallExpression' || nameOf(node['callee']) !== 'defineMessages') return []
  const [english] = listIn(node, 'arguments')
  return listIn(english, 'properties').flatMap(({ key }) => nameOf(key) ?? [])
}

/** None for one that has no text of its own: it could become anything. */
function templateOf(node: Node): RegExp[] {
  const parts = listIn(node, 'quasis').map(({ value }) => (isNode(value) ? String(value['cooked']) : ''))
  return parts.every((part) => part.trim() === '')
    ? []
    : [new RegExp(`^${parts.map((part) => part.replace(/\W/g, '\\$&')).join('.*')}$`, 's')]
}

const nameOf = (node: unknown): string | undefined => {
  const name = isNode(node) ? (node['name'] ?? node['value']) : undefined
  return typeof name === 'string' ? name : undefined
}

const listIn = (node: unknown, name: string): Node[] => {
  const list = isNode(node) ? node[name] : undefined
  return Array.isArray(list) ? list.filter(isNode) : []
}
