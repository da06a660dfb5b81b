import { parseAst } from 'vitest/node'

export type Node = Record<string, unknown>
export const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null

/** @throws Error that names the file, where it is not TypeScript */
export function parse(source: string, path: string) {
  try {
    return parseAst(source, { lang: path.endsWith('.tsx') ? 'tsx' : 'ts' })
  } catch (error) {
    throw new Error(`${path} does not parse`, { cause: error })
  }
}

/** Visits every node, a parent before its children. */
export function walk(value: unknown, visit: (node: Node) => void): void {
  if (!isNode(value)) return
  if (typeof value['type'] === 'string') visit(value)
  for (const child of Object.values(value)) walk(child, visit)
}

/** The module that a node names, as in an import, an export from or the type of an import; undefined for one that is computed. */
export function moduleIn(node: Node): string | undefined {
  const from = node['source'] ?? (node['type'] === 'TSImportType' ? node['argument'] : undefined)
  return isNode(from) && typeof from['value'] === 'string' ? from['value'] : undefined
}
