import { type AnyNode, type CallExpression, type Expression, parse, type Program, type VariableDeclarator } from 'acorn'
import { boundNames, topLevelNames } from './free-variables.ts'

/** Where a module's local name comes from: `imported` of `specifier`, or the whole module. */
export type ModuleBinding = {
  specifier: string
  /** `*` stands for the module as a whole. */
  imported: string
  /** `wrapped`: a bundler's interop object around what `require` gave, such as esbuild's `__toESM(require('x'))`. */
  via: 'import' | 'require' | 'wrapped'
}

export type ModuleFacts = {
  bindings: Map<string, ModuleBinding>
  /** Names that the module exports, by its local names. */
  exports: Map<string, string>
  /** Constants and classes whose value can never be undefined once their declaration ran. */
  neverUndefined: Set<string>
  strict: boolean
  /** What the top level declares, and what CommonJS adds to it. */
  topLevel: Set<string>
  /** How many scopes it may be: 2 where a function that runs at once holds the whole file. */
  depth: number
}

/** The imports of a module's source, ESM or CommonJS. A source that does not parse has none. */
export function readModuleFacts(source: string, isModule: boolean): ModuleFacts {
  const facts: ModuleFacts = {
    bindings: new Map(),
    exports: new Map(),
    neverUndefined: new Set(),
    strict: isModule,
    topLevel: new Set(),
    depth: 1,
  }
  let program: Program
  try {
    program = parse(source, {
      ecmaVersion: 'latest',
      sourceType: isModule ? 'module' : 'script',
      allowHashBang: true,
      allowReturnOutsideFunction: true,
      allowAwaitOutsideFunction: true,
    })
  } catch {
    return facts // syntax that acorn does not know: captured variables then travel by value
  }
  facts.topLevel = new Set([...topLevelNames(program.body), 'require', 'module', 'exports', '__filename', '__dirname'])
  const first = program.body[0]
  if (first?.type === 'ExpressionStatement' && first.directive === 'use strict') facts.strict = true
  for (const statement of program.body) {
    addStatement(facts, statement)
    const inner = immediatelyRun(statement)
    if (!inner) continue
    facts.depth = 2
    for (const name of topLevelNames(inner)) facts.topLevel.add(name)
    for (const one of inner) addStatement(facts, one)
  }
  return facts
}

/** The body of `(() => { … })()`, in which some tools put a whole CommonJS file. */
function immediatelyRun(statement: AnyNode): AnyNode[] | undefined {
  if (statement.type !== 'ExpressionStatement' || statement.expression.type !== 'CallExpression') return undefined
  const { callee, arguments: given } = statement.expression
  const isFunction = callee.type === 'ArrowFunctionExpression' || callee.type === 'FunctionExpression'
  return isFunction && given.length === 0 && callee.body.type === 'BlockStatement' ? callee.body.body : undefined
}

function addStatement(facts: ModuleFacts, statement: AnyNode): void {
  addExports(facts, statement)
  const node: AnyNode | null | undefined = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
  if (node?.type === 'ImportDeclaration') addImport(facts, node)
  else if (node?.type === 'VariableDeclaration') {
    for (const one of node.declarations) addDeclarator(facts, one, node.kind === 'const')
  } else if (node?.type === 'ClassDeclaration' && node.id) facts.neverUndefined.add(node.id.name)
}

function addImport(facts: ModuleFacts, node: Extract<AnyNode, { type: 'ImportDeclaration' }>): void {
  const specifier = String(node.source.value)
  for (const one of node.specifiers) {
    const imported =
      one.type === 'ImportNamespaceSpecifier' ? '*' : one.type === 'ImportDefaultSpecifier' ? 'default' : nameOf(one.imported)
    facts.bindings.set(one.local.name, { specifier, imported, via: 'import' })
  }
}

function addExports(facts: ModuleFacts, statement: AnyNode): void {
  if (statement.type === 'ExportDefaultDeclaration') {
    const { declaration } = statement
    if (declaration.type === 'Identifier') facts.exports.set(declaration.name, 'default')
    else if ((declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration') && declaration.id) {
      facts.exports.set(declaration.id.name, 'default')
    }
  }
  if (statement.type !== 'ExportNamedDeclaration') return
  const { declaration } = statement
  if (declaration?.type === 'VariableDeclaration') {
    for (const one of declaration.declarations) for (const name of boundNames(one.id)) facts.exports.set(name, name)
  } else if (declaration?.id) facts.exports.set(declaration.id.name, declaration.id.name)
  else if (!statement.source) for (const one of statement.specifiers) facts.exports.set(nameOf(one.local), nameOf(one.exported))
}

const nameOf = (node: { type: string; name?: string; value?: unknown }): string => node.name ?? String(node.value)

function addDeclarator(facts: ModuleFacts, node: VariableDeclarator, isConst: boolean): void {
  if (!node.init) return
  if (isConst && node.id.type === 'Identifier' && /^(Arrow|Function|Class|Object|Array|New|Literal|Template)/.test(node.init.type)) {
    facts.neverUndefined.add(node.id.name)
  }
  const origin = requireOrigin(node.init)
  if (!origin) return
  if (node.id.type === 'Identifier') facts.bindings.set(node.id.name, origin)
  else if (node.id.type === 'ObjectPattern' && origin.imported === '*') {
    for (const property of node.id.properties) {
      if (property.type === 'RestElement' || property.computed || property.value.type !== 'Identifier') continue
      facts.bindings.set(property.value.name, { ...origin, imported: nameOf(property.key) })
    }
  }
}

/** `require('x')`, `require('x').name`, `helper(require('x'))`. */
function requireOrigin(init: Expression): ModuleBinding | undefined {
  if (init.type === 'MemberExpression' && !init.computed && init.property.type === 'Identifier' && init.object.type === 'CallExpression') {
    const specifier = requiredBy(init.object)
    return specifier === undefined ? undefined : { specifier, imported: init.property.name, via: 'require' }
  }
  if (init.type !== 'CallExpression') return undefined
  const direct = requiredBy(init)
  if (direct !== undefined) return { specifier: direct, imported: '*', via: 'require' }
  const inner = init.arguments[0]
  const wrapped = init.callee.type === 'Identifier' && inner?.type === 'CallExpression' ? requiredBy(inner) : undefined
  return wrapped === undefined ? undefined : { specifier: wrapped, imported: '*', via: 'wrapped' }
}

function requiredBy(call: CallExpression): string | undefined {
  const argument = call.arguments[0]
  const isRequire = call.callee.type === 'Identifier' && /^(require|__require)$/.test(call.callee.name)
  return isRequire && argument?.type === 'Literal' && typeof argument.value === 'string' ? argument.value : undefined
}
