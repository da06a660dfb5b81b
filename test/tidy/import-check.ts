import { posix } from 'node:path'
import { coreImports, importTable, isCore, isPure, packageOwners } from './import-table.ts'
import { isNode, moduleIn, parse, walk } from './syntax-tree.ts'

/** What is wrong with the imports of one file, a sentence each; empty when nothing is. `path` is relative to the repository. */
export function findForbiddenImports(path: string, source: string): string[] {
  return listImports(source, path).flatMap((specifier) => {
    const complaint = complaintAbout(path, specifier)
    return complaint === undefined ? [] : [`${path} imports ${specifier}: ${complaint}`]
  })
}

/** Everything a file names as a module: imports, re-exports, `import()` and `import('…').Type`, types included. */
export function listImports(source: string, path = 'source.ts'): string[] {
  const found: string[] = []
  walk(parse(source, path), (node) => {
    const module = moduleIn(node)
    if (module !== undefined) found.push(module)
    if (node['type'] === 'ImportExpression' && isNode(node['source']) && node['source']['type'] !== 'Literal') found.push('(computed)')
  })
  return found
}

/** Whether a file does nothing but hand on what others export. */
export function isBarrel(source: string, path = 'source.ts'): boolean {
  const statements = parse(source, path).body
  const handsOn = statements.filter(
    (statement) =>
      statement.type === 'ExportAllDeclaration' ||
      (statement.type === 'ExportNamedDeclaration' && (statement.source !== null || statement.declaration === null)),
  )
  return handsOn.length > 0 && statements.every((statement) => statement.type === 'ImportDeclaration' || handsOn.includes(statement))
}

function complaintAbout(path: string, specifier: string): string | undefined {
  if (specifier === '(computed)') return undefined
  if (specifier.startsWith('.')) return complaintAboutOurs(path, posix.join(posix.dirname(path), specifier))
  if (specifier.startsWith('#')) return 'inside runtime/, src-main/ and src-renderer/ imports are relative'
  if (isPure(path)) return 'this folder is pure: no npm package, no module of Node'
  if (specifier.startsWith('node:')) return undefined
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  const owners = packageOwners[name]
  if (owners === undefined) return `no file is named as the owner of the package ${name}`
  return owners.some((owner) => owner.test(path)) ? undefined : `the package ${name} belongs to ${owners.map(String).join(', ')}`
}

function complaintAboutOurs(path: string, target: string): string | undefined {
  if (path.startsWith('src-renderer/') && target.endsWith('.css')) return undefined
  if (!/\.tsx?$/.test(target)) return 'name the file, with its .ts'
  const [own, other] = [featureOf(path), featureOf(target)]
  if (own !== undefined && other !== undefined && own !== other)
    return 'a feature imports no other feature: what they share lies in entities/'
  const ownCore = /^((?:runtime|src-main)\/.*?\bcore)\//.exec(path)?.[1]
  if (ownCore !== undefined) {
    const allowed = coreImports[path.startsWith('runtime/') ? 'runtime' : 'src-main']
    return isWithin(target, [ownCore, ...allowed]) ? undefined : `a core may import ${allowed.join(', ')} and itself`
  }
  if (/^src-renderer\/[^/]+$/.test(path)) return target.startsWith('src-renderer/') ? undefined : 'the page imports its own folders'
  const folder = path.split('/').slice(0, 2).join('/')
  const allowed = importTable[folder]
  if (allowed === undefined) return `${folder} has no row in the import table`
  if (isCore(target) && !isWithin(target, [folder])) return 'a core belongs to its own shell'
  return isWithin(target, [folder, ...allowed]) ? undefined : `${folder} may import ${allowed.join(', ') || 'nothing'}`
}

const featureOf = (path: string): string | undefined => /^src-renderer\/features\/([^/]+)\//.exec(path)?.[1]

const isWithin = (target: string, places: readonly string[]): boolean =>
  places.some((place) => target === place || target.startsWith(`${place}/`))
