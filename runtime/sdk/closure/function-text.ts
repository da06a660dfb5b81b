import { type Class, type ClassExpression, type Expression, type Node, parse, type PropertyDefinition, type Token } from 'acorn'
import { breakableOffsets } from './align-lines.ts'
import { findFreeVariables, type Usage } from './free-variables.ts'

/** Replaces text[start, end). */
export type Edit = { start: number; end: number; text: string }

/** How the text has to be placed to become a value again: by itself, or as the member `m` of an object literal. */
export type FunctionForm = 'expression' | 'member' | 'getter' | 'setter' | 'class'

export type ClassFacts = {
  hasSuper: boolean
  /** Non-computed names by what they are. */
  methods: ReadonlySet<string>
  statics: ReadonlySet<string>
  hasComputed: boolean
  /** Without the `#`. */
  privateFields: readonly string[]
  privateStatics: readonly string[]
  hasPrivate: boolean
}

export type FunctionText = {
  form: FunctionForm
  isArrow: boolean
  usage: Usage
  edits: readonly Edit[]
  /** Further edits for a class one of whose instances, here or in a class below it, has private fields. */
  privateEdits: readonly Edit[]
  classFacts: ClassFacts | undefined
  /** Offsets of the text where a line break changes nothing. */
  breaks: readonly number[]
}

/** Names that edits put into the code; the rebuilt wrapper binds them. No user code has them by accident. */
export const helperNames = { base: '$shoalBase', making: '$shoalMaking', access: '$shoalAccess' } as const

const cacheLimit = 2_000
const cache = new Map<string, FunctionText>()

/** What a function's or class's own text says. @throws SyntaxError where acorn cannot read it. */
export function readFunctionText(text: string): FunctionText {
  const known = cache.get(text)
  if (known) return known
  const facts = parseText(text)
  if (cache.size >= cacheLimit) for (const oldest of cache.keys()) if (cache.delete(oldest)) break
  cache.set(text, facts)
  return facts
}

function parseText(text: string): FunctionText {
  const options = {
    ecmaVersion: 'latest',
    sourceType: 'script',
    allowAwaitOutsideFunction: false,
    allowSuperOutsideMethod: true,
    allowImportExportEverywhere: true,
  } as const
  let tokens: Token[] = []
  const parseWhole = (source: string): Expression => {
    tokens = []
    const statement = parse(source, { ...options, checkPrivateFields: false, onToken: tokens }).body
    if (statement.length !== 1 || statement[0]?.type !== 'ExpressionStatement') throw new SyntaxError('not one expression')
    return statement[0].expression
  }
  let node: Expression | undefined
  try {
    node = parseWhole(`(${text}\n)`)
  } catch {
    node = undefined
  }
  const breaks = (): number[] => breakableOffsets(text, tokens, 1)
  if (node?.type === 'ClassExpression') return { ...classText(node, text), breaks: breaks() }
  if (node?.type === 'FunctionExpression' || node?.type === 'ArrowFunctionExpression') {
    const usage = findFreeVariables(node, new Set())
    return {
      form: 'expression',
      isArrow: node.type === 'ArrowFunctionExpression',
      usage,
      edits: [],
      privateEdits: [],
      classFacts: undefined,
      breaks: breaks(),
    }
  }
  const holder = parseWhole(`({${text}\n})`)
  const member = holder.type === 'ObjectExpression' ? holder.properties[0] : undefined
  if (member?.type !== 'Property' || member.value.type !== 'FunctionExpression') throw new SyntaxError('not a function')
  const edit = { start: member.computed ? text.indexOf('[') : member.key.start - 2, end: member.key.end - 2, text: 'm' }
  if (member.computed) edit.end = text.indexOf(']', member.key.end - 2) + 1
  const form = member.kind === 'get' ? 'getter' : member.kind === 'set' ? 'setter' : 'member'
  return {
    form,
    isArrow: false,
    usage: findFreeVariables(member.value, new Set()),
    edits: [edit],
    privateEdits: [],
    classFacts: undefined,
    breaks: breakableOffsets(text, tokens, 2).filter((offset) => offset >= edit.end),
  }
}

function classText(node: ClassExpression, text: string): Omit<FunctionText, 'breaks'> {
  const edits: Edit[] = []
  const skipped = new Set<Node>()
  const cut = (part: Node, by: string): void => {
    const removed = text.slice(part.start - 1, part.end - 1)
    edits.push({ start: part.start - 1, end: part.end - 1, text: by + '\n'.repeat(removed.split('\n').length - 1) })
    skipped.add(part)
  }
  // The value of `extends …` and of statics is captured as it is now: running their code again could give another, or have effects.
  if (node.superClass) cut(node.superClass, helperNames.base)
  for (const member of node.body.body) {
    if (member.type === 'StaticBlock') cut(member, 'static{}')
    else if (member.type === 'PropertyDefinition' && member.static && member.value) cut(member.value, 'void 0')
  }
  const classFacts = readClass(node)
  const usage = findFreeVariables(node, skipped)
  return { form: 'class', isArrow: false, usage, edits, privateEdits: makingEdits(node, text, classFacts), classFacts }
}

function readClass(node: Class): ClassFacts {
  const methods = new Set<string>()
  const statics = new Set<string>()
  const privateFields: string[] = []
  const privateStatics: string[] = []
  let hasComputed = false
  let hasPrivate = false
  for (const member of node.body.body) {
    if (member.type === 'StaticBlock') continue
    if (member.key.type === 'PrivateIdentifier') {
      hasPrivate = true
      if (member.type === 'PropertyDefinition') (member.static ? privateStatics : privateFields).push(member.key.name)
    } else if (member.computed) hasComputed = true
    else if (member.type === 'MethodDefinition') {
      const name = member.key.type === 'Identifier' ? member.key.name : member.key.type === 'Literal' ? String(member.key.value) : ''
      ;(member.static ? statics : methods).add(name)
    }
  }
  return { hasSuper: node.superClass != null, methods, statics, hasComputed, privateFields, privateStatics, hasPrivate }
}

/**
 * Private fields exist only on what the class's constructor made. These edits let it make an object without running
 * the user's constructor and field initialisers, and add a way in to set the fields.
 */
function makingEdits(node: ClassExpression, text: string, facts: ClassFacts): Edit[] {
  const edits: Edit[] = []
  const isField = (one: Node): one is PropertyDefinition => one.type === 'PropertyDefinition'
  for (const member of node.body.body) {
    if (isField(member) && !member.static && member.value) {
      edits.push({ start: member.value.start - 1, end: member.value.start - 1, text: `${helperNames.making}.on?void 0:(` })
      edits.push({ start: member.value.end - 1, end: member.value.end - 1, text: ')' })
    } else if (member.type === 'MethodDefinition' && member.kind === 'constructor' && member.value.body) {
      const at = member.value.body.start
      edits.push({ start: at, end: at, text: `if(${helperNames.making}.on){${facts.hasSuper ? 'super();' : ''}return}` })
    }
  }
  const set = (names: readonly string[]): string => names.map((name, index) => `o.#${name}=v[${index}];`).join('')
  const way = `;static{${helperNames.access}.fields=(o,v)=>{${set(facts.privateFields)}};${helperNames.access}.statics=(o,v)=>{${set(facts.privateStatics)}}}`
  edits.push({ start: text.length - 1, end: text.length - 1, text: way })
  return edits
}

/** Edits must not overlap. Those at one place keep their order. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const sorted = edits.map((edit, order) => ({ edit, order })).sort((a, b) => a.edit.start - b.edit.start || a.order - b.order)
  let result = ''
  let at = 0
  for (const { edit } of sorted) {
    if (edit.start < at) continue // inside a part that another edit already replaced
    result += text.slice(at, edit.start) + edit.text
    at = edit.end
  }
  return result + text.slice(at)
}
