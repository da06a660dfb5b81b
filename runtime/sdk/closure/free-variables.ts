import type { AnyNode, AssignmentExpression, ForInStatement, ForOfStatement, Function as FunctionNode, Node, Pattern } from 'acorn'

/** How a piece of code uses a name that it does not declare itself. */
export type FreeVariable = {
  /** `x.a` and `x.b` only: `a`, `b`. Undefined where the variable is used as a whole. */
  members: Set<string> | undefined
  assigned: boolean
  /** Only ever looked at by `typeof x`, which is legal where x does not exist. */
  typeofOnly: boolean
}

export type Usage = {
  free: Map<string, FreeVariable>
  /** `this`, `arguments` or `new.target` of the place around the code, which only arrow functions see. */
  outerThis: string | undefined
  outerSuper: boolean
  importMeta: boolean
}

type Scope = { names: Set<string>; parent: Scope | undefined }
/** Whether `this` and `super` found here belong to something inside the code. */
type Place = { scope: Scope; ownThis: boolean; ownSuper: boolean }

/** What `root` uses of its surroundings. Nodes in `skipped` are treated as absent: the caller replaces their text. */
export function findFreeVariables(root: AnyNode, skipped: ReadonlySet<Node>): Usage {
  const usage: Usage = { free: new Map(), outerThis: undefined, outerSuper: false, importMeta: false }
  new Finder(usage, skipped).visit(root, { scope: { names: new Set(), parent: undefined }, ownThis: false, ownSuper: false })
  return usage
}

/** The names that a declaration's pattern binds, such as a, b, c of `{ a, x: [b], ...c }`. */
export function boundNames(pattern: Pattern, into: Set<string> = new Set()): Set<string> {
  switch (pattern.type) {
    case 'Identifier':
      into.add(pattern.name)
      break
    case 'ObjectPattern':
      for (const property of pattern.properties) boundNames(property.type === 'RestElement' ? property.argument : property.value, into)
      break
    case 'ArrayPattern':
      for (const element of pattern.elements) if (element) boundNames(element, into)
      break
    case 'AssignmentPattern':
      boundNames(pattern.left, into)
      break
    case 'RestElement':
      boundNames(pattern.argument, into)
      break
    case 'MemberExpression':
      break
  }
  return into
}

class Finder {
  readonly #usage: Usage
  readonly #skipped: ReadonlySet<Node>
  constructor(usage: Usage, skipped: ReadonlySet<Node>) {
    this.#usage = usage
    this.#skipped = skipped
  }

  visit(node: AnyNode, place: Place): void {
    if (this.#skipped.has(node)) return
    switch (node.type) {
      case 'Identifier':
        return this.#use(node.name, place)
      case 'MemberExpression':
        if (node.object.type === 'Identifier' && !node.computed && node.property.type === 'Identifier') {
          return this.#use(node.object.name, place, { member: node.property.name })
        }
        this.visit(node.object, place)
        if (node.computed) this.visit(node.property, place)
        return
      case 'UnaryExpression':
        if (node.operator === 'typeof' && node.argument.type === 'Identifier')
          return this.#use(node.argument.name, place, { isTypeof: true })
        return this.#children(node, place)
      case 'UpdateExpression':
        if (node.argument.type === 'Identifier') return this.#use(node.argument.name, place, { assigned: true })
        return this.#children(node, place)
      case 'AssignmentExpression':
      case 'ForInStatement':
      case 'ForOfStatement':
        return this.#assignment(node, place)
      case 'Property':
      case 'PropertyDefinition':
      case 'MethodDefinition':
        return this.#member(node, place)
      case 'FunctionDeclaration':
      case 'FunctionExpression':
        return this.#function(node, { scope: place.scope, ownThis: true, ownSuper: place.ownSuper })
      case 'ArrowFunctionExpression':
        return this.#function(node, place)
      case 'ClassDeclaration':
      case 'ClassExpression': {
        const names = node.id ? [node.id.name] : []
        const inner = within(place, names)
        if (node.superClass) this.visit(node.superClass, inner)
        return this.visit(node.body, inner)
      }
      case 'StaticBlock':
        return this.#statements(node.body, { scope: place.scope, ownThis: true, ownSuper: true }, true)
      case 'BlockStatement':
      case 'Program':
        return this.#statements(node.body, place, false)
      case 'SwitchStatement':
        this.visit(node.discriminant, place)
        return this.#list(node.cases, within(place, lexicalNames(node.cases.flatMap((one) => one.consequent))))
      case 'ForStatement':
        return this.#children(node, within(place, declaredBy(node.init)))
      case 'CatchClause':
        return this.#children(node, within(place, node.param ? boundNames(node.param) : []))
      case 'VariableDeclarator':
        this.#pattern(node.id, place, false)
        if (node.init) this.visit(node.init, place)
        return
      case 'LabeledStatement':
        return this.visit(node.body, place)
      case 'BreakStatement':
      case 'ContinueStatement':
        return
      default:
        return this.#outer(node, place)
    }
  }

  #outer(node: AnyNode, place: Place): void {
    if (node.type === 'ThisExpression' && !place.ownThis) this.#usage.outerThis ??= 'this'
    else if (node.type === 'Super' && !place.ownSuper) this.#usage.outerSuper = true
    else if (node.type === 'MetaProperty') {
      if (node.meta.name === 'import') this.#usage.importMeta = true
      else if (!place.ownThis) this.#usage.outerThis ??= 'new.target'
    } else this.#children(node, place)
  }

  #use(name: string, place: Place, how: { member?: string; assigned?: boolean; isTypeof?: boolean } = {}): void {
    for (let scope: Scope | undefined = place.scope; scope; scope = scope.parent) if (scope.names.has(name)) return
    if (name === 'arguments') {
      if (!place.ownThis) this.#usage.outerThis ??= 'arguments'
      return
    }
    const known = this.#usage.free.get(name) ?? { members: new Set<string>(), assigned: false, typeofOnly: true }
    if (how.member === undefined) known.members = undefined
    else known.members?.add(how.member)
    known.assigned ||= how.assigned === true
    known.typeofOnly &&= how.isTypeof === true
    this.#usage.free.set(name, known)
  }

  #assignment(node: AssignmentExpression | ForInStatement | ForOfStatement, place: Place): void {
    if (node.type === 'AssignmentExpression') {
      this.#pattern(node.left, place, true)
      return this.visit(node.right, place)
    }
    const inner = within(place, declaredBy(node.left))
    if (node.left.type === 'VariableDeclaration') this.visit(node.left, inner)
    else this.#pattern(node.left, place, true)
    this.visit(node.right, inner)
    this.visit(node.body, inner)
  }

  /** Defaults and computed keys are uses; the names themselves are, where the pattern assigns and does not declare. */
  #pattern(pattern: Pattern, place: Place, assigns: boolean): void {
    switch (pattern.type) {
      case 'Identifier':
        if (assigns) this.#use(pattern.name, place, { assigned: true })
        return
      case 'ObjectPattern':
        for (const property of pattern.properties) {
          if (property.type === 'RestElement') this.#pattern(property.argument, place, assigns)
          else {
            if (property.computed) this.visit(property.key, place)
            this.#pattern(property.value, place, assigns)
          }
        }
        return
      case 'ArrayPattern':
        for (const element of pattern.elements) if (element) this.#pattern(element, place, assigns)
        return
      case 'AssignmentPattern':
        this.#pattern(pattern.left, place, assigns)
        return this.visit(pattern.right, place)
      case 'RestElement':
        return this.#pattern(pattern.argument, place, assigns)
      case 'MemberExpression':
        return this.visit(pattern, place)
    }
  }

  #member(node: Extract<AnyNode, { type: 'Property' | 'PropertyDefinition' | 'MethodDefinition' }>, place: Place): void {
    if (node.computed) this.visit(node.key, place)
    if (!node.value) return
    const isMethod = node.type === 'MethodDefinition' || (node.type === 'Property' && (node.method || node.kind !== 'init'))
    if (node.type === 'PropertyDefinition') this.visit(node.value, { scope: place.scope, ownThis: true, ownSuper: true })
    else this.visit(node.value, isMethod ? { ...place, ownSuper: true } : place)
  }

  #function(node: FunctionNode, place: Place): void {
    const names = new Set<string>()
    if (node.type === 'FunctionExpression' && node.id) names.add(node.id.name)
    for (const param of node.params) boundNames(param, names)
    if (node.body.type === 'BlockStatement') hoistedNames(node.body.body, names)
    const inner = within(place, names)
    for (const param of node.params) this.#pattern(param, inner, false)
    this.visit(node.body, inner)
  }

  #statements(body: readonly AnyNode[], place: Place, isFunctionLike: boolean): void {
    const names = lexicalNames(body)
    if (isFunctionLike) hoistedNames(body, names)
    this.#list(body, within(place, names))
  }

  #list(nodes: readonly AnyNode[], place: Place): void {
    for (const node of nodes) this.visit(node, place)
  }

  #children(node: AnyNode, place: Place): void {
    for (const child of childrenOf(node)) this.visit(child, place)
  }
}

const within = (place: Place, names: Iterable<string>): Place => ({ ...place, scope: { names: new Set(names), parent: place.scope } })

/** Every node directly below `node`, in source order. */
export function childrenOf(node: AnyNode): AnyNode[] {
  const found: AnyNode[] = []
  for (const value of Object.values(node)) {
    if (isNode(value)) found.push(value)
    else if (Array.isArray(value)) for (const one of value) if (isNode(one)) found.push(one)
  }
  return found
}

const isNode = (value: unknown): value is AnyNode => typeof value === 'object' && value !== null && 'type' in value && 'start' in value

/** let, const, class and function declarations that stand directly in a block. */
function lexicalNames(body: readonly AnyNode[]): Set<string> {
  const names = new Set<string>()
  for (const node of body) {
    if (node.type === 'VariableDeclaration' && node.kind !== 'var') for (const one of node.declarations) boundNames(one.id, names)
    else if ((node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') && node.id) names.add(node.id.name)
  }
  return names
}

/** `var` anywhere below, without going into other functions. */
function hoistedNames(body: readonly AnyNode[], names: Set<string>): void {
  for (const node of body) {
    if (node.type === 'VariableDeclaration') {
      if (node.kind === 'var') for (const one of node.declarations) boundNames(one.id, names)
      continue
    }
    if (node.type === 'FunctionDeclaration' || node.type.endsWith('Expression') || node.type.startsWith('Class')) continue
    hoistedNames(childrenOf(node), names)
  }
}

const declaredBy = (node: AnyNode | null | undefined): Set<string> =>
  node?.type === 'VariableDeclaration' ? new Set(node.declarations.flatMap((one) => [...boundNames(one.id)])) : new Set()

/** The names that the statements of a module, script or function body declare. */
export function topLevelNames(body: readonly AnyNode[]): Set<string> {
  const names = lexicalNames(body)
  hoistedNames(body, names)
  return names
}
