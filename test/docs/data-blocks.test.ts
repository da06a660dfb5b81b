import { expect, describe, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { RuntimeEnv } from '#runtime/api/runtime-env.ts'
import { parseClusterFile } from '#src-main/machines/cluster-file.ts'
import { detectInventoryFormat, parseInventory } from '#src-main/machines/parse-inventory.ts'
import { type Block, documentation, parsePage } from './pages.ts'

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** What is wrong with a block of YAML or JSON, or a list of hosts: it does not parse, or our own reader refuses it. */
function findFault(block: Block): string | undefined {
  const text = block.lines.join('\n')
  switch (block.language) {
    case 'yaml':
    case 'yml':
      return findYamlFault(text)
    case 'json':
      return findJsonFault(text)
    case 'ini':
    case 'csv':
      return findInventoryFault(text)
    case 'text':
      return block.lines.every((line) => /^[\w.-]+@[\w.[\]-]+(:\d+)?(\s|$)/.test(line)) ? findInventoryFault(text) : undefined
    default:
      return undefined
  }
}

function findYamlFault(text: string): string | undefined {
  const documents = parseAllDocuments(text)
  const errors = documents.flatMap((document) => document.errors.map(({ message }) => message))
  if (errors.length > 0) return errors.join('; ')
  for (const document of documents) {
    const value: unknown = document.toJS()
    if (!isRecord(value)) continue
    if ('head' in value || 'provider' in value || 'cluster_name' in value) {
      const { file, problems } = parseClusterFile(String(document))
      if (!file) return problems.map(({ line, message }) => `line ${line}: ${message}`).join('; ')
    }
    if ('all' in value) return findInventoryFault(text)
  }
  return undefined
}

const runtimeEnvKeys = ['working_dir', 'env_vars', 'py_modules', 'pip', 'uv', 'excludes']

function findJsonFault(text: string): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  if (!isRecord(value) || !Object.keys(value).some((key) => runtimeEnvKeys.includes(key))) return undefined
  const { success, error } = RuntimeEnv.safeParse(value)
  return success ? undefined : error.message
}

function findInventoryFault(text: string): string | undefined {
  const { machines, problems } = parseInventory(text, detectInventoryFormat(text))
  if (problems.length > 0) return problems.map(({ line, message }) => `line ${line}: ${message}`).join('; ')
  return machines.length === 0 ? 'it names no machine' : undefined
}

const faultsOf = (blocks: readonly Block[]): string[] =>
  blocks.flatMap((block) => {
    const fault = findFault(block)
    return fault === undefined ? [] : [`${block.at} ${fault}`]
  })

describe('files that pages show', () => {
  test('YAML and JSON parse; files of clusters, runtime environments and lists of hosts are taken by our own readers', () => {
    const blocks = documentation().flatMap((page) => page.blocks)
    expect(blocks.filter(({ language }) => language === 'yaml' || language === 'json').length).toBeGreaterThan(2)
    expect(faultsOf(blocks)).toEqual([])
  })

  test('every block says in what language it is, so that it is looked at as that', () => {
    const known = ['sh', 'ts', 'js', 'json', 'yaml', 'text', 'ini', 'csv', 'python', 'diff', 'mermaid']
    expect(documentation().flatMap((page) => page.blocks.filter(({ language }) => !known.includes(language)).map(({ at }) => at))).toEqual(
      [],
    )
  })

  test('what is planted is noticed', () => {
    const planted = [
      ['yaml', 'name: lab\nhead: gpu1\nwrokers: [gpu2]'],
      ['yaml', 'a: [1'],
      ['json', '{ "pip": 7 }'],
      ['json', '{ "a": 1, }'],
      ['text', 'ada@10.0.0.1\nada@10.0.0.2:99999'],
      ['yaml', 'name: lab\nhead: gpu1\nworkers: [gpu2]'],
      ['text', 'no list of hosts at all'],
    ]
    const page = planted.map(([language, text]) => `\`\`\`${language}\n${text}\n\`\`\`\n`).join('')
    expect(faultsOf(parsePage('docs/page.md', page).blocks).map((fault) => fault.split(' ')[0])).toEqual(
      [2, 7, 10, 13, 16].map((line) => `docs/page.md:${line}`),
    )
  })
})
