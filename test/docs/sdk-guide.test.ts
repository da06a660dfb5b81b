import { describe, expect, test } from 'vitest'
import { isErrorCode } from '#runtime/base/errors.ts'
import * as sdk from '#runtime/sdk/index.ts'
import { listFiles, readText } from '../tidy/repository-files.ts'
import { isNode, type Node, parse, walk } from '../tidy/syntax-tree.ts'
import { documentation, inlineCode, type Page } from './pages.ts'

const guide = documentation().filter(({ path }) => path === 'docs/sdk.md' || path.startsWith('docs/sdk/'))
const words = new Set(guide.flatMap((page) => inlineCode(page).flatMap(({ code }) => code.match(/[A-Za-z_$][\w$]*/g) ?? [])))
const code = guide.flatMap(({ blocks }) => blocks.flatMap(({ lines }) => lines)).join('\n')

const list = (value: unknown): Node[] => (Array.isArray(value) ? value.filter(isNode) : [])
const nameIn = (node: unknown): string => (isNode(node) && typeof node['name'] === 'string' ? node['name'] : '')

/** Names that `runtime/sdk/index.ts` exports, types too. */
const exported = list(parse(readText('runtime/sdk/index.ts'), 'index.ts').body).flatMap((node) =>
  list(node['specifiers']).map((specifier) => nameIn(specifier['exported'])),
)

/** By name, the members that a type of an object has, without those of the types that it adds to; of the types in these files. */
const membersOf = new Map<string, { own: string[]; from: string[] }>()
for (const path of listFiles().filter((each) => /^runtime\/sdk\/([\w-]+|client\/(connect-driver|embedded-cluster))\.ts$/.test(each)))
  walk(parse(readText(path), path), (node) => {
    if (node['type'] !== 'TSTypeAliasDeclaration' || !isNode(node['typeAnnotation'])) return
    const parts = node['typeAnnotation']['type'] === 'TSIntersectionType' ? list(node['typeAnnotation']['types']) : [node['typeAnnotation']]
    const own = parts.flatMap((part) => (part['type'] === 'TSTypeLiteral' ? list(part['members']).map(({ key }) => nameIn(key)) : []))
    const from = parts.flatMap((part) => (part['type'] === 'TSTypeReference' ? [nameIn(part['typeName'])] : []))
    if (own.length > 0) membersOf.set(nameIn(node['id']), { own, from })
  })

type Table = { readonly at: string; readonly of: string; readonly rows: readonly (readonly string[])[] }

/** Tables below a comment such as `<!-- members of X -->`, with the names in backticks of the first two columns. */
const tables = guide.flatMap((page) => tablesOf(page))
function tablesOf({ path, prose }: Page): Table[] {
  return prose.flatMap((line, index) => {
    const [, of] = /^<!-- (members of \w+|errors by \w+) -->$/.exec(line) ?? []
    if (of === undefined) return []
    const rows: string[][] = []
    for (let row = index + 4; prose[row]?.startsWith('|'); row += 1) rows.push((prose[row] ?? '').split('|').slice(1, -1))
    return [{ at: `${path}:${index + 1}`, of, rows }]
  })
}
const named = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
const rowsOf = (of: string) => tables.filter((table) => table.of === of).flatMap(({ rows }) => rows)

describe('the guide of the SDK', () => {
  test('describes everything that the SDK exports', () => {
    expect(exported.length).toBeGreaterThan(50)
    expect(exported.filter((name) => !words.has(name))).toEqual([])
  })

  test('shows every function and class of it that a program calls in an example or by its signature', () => {
    const functions = exported.filter((name) => typeof Reflect.get(sdk, name) === 'function' && !/^[A-Z]/.test(name))
    expect(functions.length).toBeGreaterThan(15)
    const text = guide.map((page) => page.text).join('\n')
    expect(functions.filter((name) => !new RegExp(String.raw`\b${name}\(`).test(text))).toEqual([])
  })

  test('names nothing of `shoal` that it does not export', () => {
    const mentions = [...guide.flatMap((page) => inlineCode(page).map((each) => each.code)), code].join('\n')
    const members = new Set([...mentions.matchAll(/\bshoal\.([A-Za-z]\w*)/g)].map(([, name = '']) => name))
    expect(members.size).toBeGreaterThan(15)
    expect([...members].filter((name) => !exported.includes(name))).toEqual([])
    expect([...words].filter((word) => /^[A-Z]\w*Error$/.test(word) && !exported.includes(word))).toEqual([])
  })

  test('has a table with every option of every type of options, and no other', () => {
    const wanted = new Set<string>()
    const want = (name: string) => {
      const type = membersOf.get(name)
      if (!type || wanted.has(name)) return
      wanted.add(name)
      type.from.forEach(want)
    }
    for (const name of [...exported, ...membersOf.keys()].filter((each) => exported.includes(each) || /^[A-Z]\w*Options$/.test(each)))
      want(name)
    const listed = [...wanted].map(
      (name) =>
        [
          name,
          rowsOf(`members of ${name}`)
            .flatMap(([cell]) => named(cell))
            .sort(),
        ] as const,
    )
    expect(listed.length).toBeGreaterThan(10)
    const expected = [...wanted].map((name) => [name, [...(membersOf.get(name)?.own ?? [])].sort()] as const)
    expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(expected))
    expect(
      tables.filter(({ of }) => of.startsWith('members of ') && !wanted.has(of.slice('members of '.length))).map(({ at }) => at),
    ).toEqual([])
  })

  test('has every class of errors, with its code and the class above it, and only codes that there are', () => {
    const rows = rowsOf('errors by class')
    const classes = exported.filter((name) => name.endsWith('Error') && name !== 'ClusterError')
    expect(rows.flatMap(([cell]) => named(cell)).sort()).toEqual([...classes].sort())
    expect(
      [...rows.map(([, cell]) => cell), ...rowsOf('errors by code').map(([cell]) => cell)]
        .flatMap(named)
        .filter((each) => !isErrorCode(each)),
    ).toEqual([])
    let above = 'ClusterError'
    for (const [cell = ''] of rows) {
      const [name = ''] = named(cell)
      const parent = cell.includes('–') ? above : 'ClusterError'
      const { name: parentName } = Object.getPrototypeOf(Reflect.get(sdk, name)) as { name: string } // a class
      expect(parentName, `what ${name} extends`).toBe(parent)
      if (!cell.includes('–')) above = name
    }
  })

  test('gives each class of errors the code that the SDK gives it', () => {
    const source = readText('runtime/sdk/errors.ts')
    const codes = Object.fromEntries(
      [...source.matchAll(/^ {2}'?([\w.-]+)'?: (\w+Error),$/gm)].map(([, each = '', name = '']) => [name, each]),
    )
    expect(Object.keys(codes).length).toBeGreaterThan(15)
    const stated = Object.fromEntries(
      rowsOf('errors by class').flatMap(([cell, second]) => named(second).map((each) => [named(cell)[0], each])),
    )
    expect(stated).toEqual({ ...codes, TaskError: 'task.failed' })
  })
})
