import { type AnyNode, type CallExpression, type Expression, parse, type Program, type VariableDeclarator } from 'acorn'

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
  /** Constants and classes whose value can never be undefined once their declaration ran. */
  neverUndefined: Set<string>
  strict: boolean
}

/** The imports of a module's source, ESM or CommonJS. A source that does not parse has none. */
export function readModuleFacts(source: string, isModule: boolean): ModuleFacts {
  const facts: ModuleFacts = { bindings: new Map(), neverUndefined: new Set(), strict: isModule }
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
  const first = program.body[0]
  if (first?.type === 'ExpressionStatement' && first.directive === 'use strict') facts.strict = true
  for (const statement of program.body) {
    const node: AnyNode | null | undefined = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    if (node?.type === 'ImportDeclaration') addImport(facts, node)
    else if (node?.type === 'VariableDeclaration') {
      for (const one of node.declarations) addDeclarator(facts, one, node.kind === 'const')
    } else if (node?.type === 'ClassDeclaration' && node.id) facts.neverUndefined.add(node.id.name)
  }
  return facts
}

function addImport(facts: ModuleFacts, node: Extract<AnyNode, { type: 'ImportDeclaration' }>): void {
  const specifier = String(node.source.value)
  for (const one of node.specifiers) {
    const imported = one.type === 'ImportNamespaceSpecifier' ? '*' : one.type === 'ImportDefaultSpecifier' ? 'default' : nameOf(one.imported)
    facts.bindings.set(one.local.name, { specifier, imported, via: 'import' })
  }
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
