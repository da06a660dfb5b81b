import { isAlias, isCollection, isMap, isNode, isPair, isScalar, Lexer, LineCounter, type Node, parseDocument, stringify } from 'yaml'
import type { InventoryProblem } from './inventory-draft.ts'

/** A parsed text: plain values, and where each stands. */
export type YamlText = {
  readonly value: unknown
  /** Of the key or item at this path, or of what is nearest above it. */
  lineOf(path: readonly (string | number)[]): number
}

const maxTextLength = 2_097_152
const maxTokens = 500_000
/** `&name` and `!tag`. */
const maxMarks = 10_000
const maxNodes = 200_000
const maxBrackets = 200
const maxDepth = 40
const maxProblems = 50
/** Uses of one anchor times what lies behind it: enough for 4,000 hosts that share variables, and no bomb. */
const maxAliasCount = 10_000

/** Undefined when it cannot be read as a whole; a key that comes twice is such a fault, as one of the two would be lost. */
export function parseYaml(text: string): { yaml: YamlText | undefined; problems: InventoryProblem[] } {
  const whole = (message: string) => ({ yaml: undefined, problems: [{ line: 0, text: '', message }] })
  if (text.length > maxTextLength) return whole(`the text has ${(text.length / 1_048_576).toFixed(1)} MB; at most 2 MB of YAML are read`)
  try {
    const why = whyTooMuch(text)
    if (why !== undefined) return whole(why)
    return readDocument(text)
  } catch (error) {
    if (error instanceof RangeError) return whole('the text nests too deep')
    if (error instanceof ReferenceError) return whole('the text repeats parts of itself (anchors and aliases) more often than is read')
    throw error
  }
}

export const writeYaml = (value: unknown): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })

function readDocument(text: string): { yaml: YamlText | undefined; problems: InventoryProblem[] } {
  const lines = new LineCounter()
  // uniqueKeys compares each key with each other one: with many keys that takes minutes, so they are compared below
  const document = parseDocument(text.replace(/^\ufeff/, ''), {
    lineCounter: lines,
    uniqueKeys: false,
    merge: true,
    prettyErrors: false,
    stringKeys: true,
    logLevel: 'error',
  })
  const lineAt = (offset: number | undefined): number => (offset === undefined ? 0 : lines.linePos(offset).line)
  const problems: InventoryProblem[] = document.errors
    .slice(0, maxProblems)
    .map((error) => ({ line: lineAt(error.pos[0]), text: '', message: `not YAML: ${plainMessage(error.code, error.message)}` }))
  const contents = document.contents
  if (problems.length === 0 && contents)
    checkNodes(contents, (node, message) => problems.push({ line: lineAt(node.range?.[0]), text: '', message }))
  if (problems.length > 0) return { yaml: undefined, problems: problems.slice(0, maxProblems) }
  const value: unknown = document.toJS({ maxAliasCount })
  return { yaml: { value, lineOf: (path) => lineAt(offsetOf(contents, path)) }, problems }
}

/** Errors of the library may repeat a piece of the text, and that may be a secret. */
function plainMessage(code: string, message: string): string {
  if (message.includes('call stack')) return 'it nests too deep'
  if (code === 'MULTIPLE_DOCS') return 'the text holds more than one document (---); expected is one'
  return message.replaceAll(/"[^"]*"|'[^']*'/g, '…').split('\n')[0] ?? code
}

function checkNodes(root: Node, problem: (node: Node, message: string) => void): void {
  const open: { node: unknown; depth: number }[] = [{ node: root, depth: 1 }]
  let count = 0
  for (let next = open.pop(); next; next = open.pop()) {
    const { node, depth } = next
    count += 1
    if (count > maxNodes) return problem(root, `the text has more than ${maxNodes} values`)
    if (!isNode(node) || !isCollection(node)) continue
    if (depth > maxDepth) return problem(node, `the text nests deeper than ${maxDepth} levels`)
    if (isMap(node)) checkKeys(node.items, problem)
    for (const item of node.items) {
      if (isPair(item)) open.push({ node: item.value, depth: depth + 1 })
      else open.push({ node: item, depth: depth + 1 })
    }
  }
}

function checkKeys(items: readonly { key: unknown }[], problem: (node: Node, message: string) => void): void {
  const keys = new Set<string>()
  for (const { key } of items) {
    if (!isScalar(key)) {
      if (isNode(key)) problem(key, isAlias(key) ? 'an alias stands where a key is expected' : 'a key is expected to be a text')
      continue
    }
    const name = String(key.value)
    if (keys.has(name)) problem(key, `the key ${JSON.stringify(name.slice(0, 80))} comes twice here; one of the two would be lost`)
    keys.add(name)
  }
}

function offsetOf(root: unknown, path: readonly (string | number)[]): number | undefined {
  let node = root
  let offset = isNode(root) ? root.range?.[0] : undefined
  for (const step of path) {
    if (!isNode(node) || !isCollection(node)) break
    let next: unknown
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step))
      if (!pair) break
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset
      next = pair.value
    } else {
      next = node.items[Number(step)]
      if (isNode(next)) offset = next.range?.[0] ?? offset
    }
    node = next
  }
  return offset
}

/** Looked at before anything is built: the parser takes minutes, or all of the stack, for what nobody writes by hand. */
function whyTooMuch(text: string): string | undefined {
  let tokens = 0
  let marks = 0
  let brackets = 0
  let inRow = 0 // marks such as `- - -` open a level each
  for (const token of new Lexer().lex(text)) {
    tokens += 1
    if (tokens > maxTokens) return `the text has more than ${maxTokens} parts`
    if (token.startsWith('&') || token.startsWith('!')) marks += 1
    if (marks > maxMarks) return `the text has more than ${maxMarks} anchors and tags`
    if (token === '[' || token === '{') brackets += 1
    else if (token === ']' || token === '}') brackets -= 1
    if (token === '-' || token === '?') inRow += 1
    else if (token.trim() !== '') inRow = 0
    else if (token.includes('\n')) inRow = 0
    if (brackets > maxBrackets || inRow > maxDepth) return `the text nests deeper than ${maxDepth} levels`
  }
  return undefined
}
