import { parseAnsibleIni, parseAnsibleYaml } from './ansible-inventory.ts'
import { parseCsvInventory } from './csv-inventory.ts'
import { linesOf, type ParsedInventory } from './inventory-draft.ts'
import { parseJsonInventory } from './json-inventory.ts'
import { parsePastedHosts } from './paste.ts'

export type InventoryFormat = 'paste' | 'csv' | 'ansible-ini' | 'ansible-yaml' | 'json'

const parsers: Record<InventoryFormat, (text: string) => ParsedInventory> = {
  paste: parsePastedHosts,
  csv: parseCsvInventory,
  'ansible-ini': parseAnsibleIni,
  'ansible-yaml': parseAnsibleYaml,
  json: parseJsonInventory,
}

/** Machines from a text in any of the formats. Never throws for what the text holds: what cannot be read is among the problems. */
export const parseInventory = (text: string, format: InventoryFormat = detectInventoryFormat(text)): ParsedInventory =>
  parsers[format](text)

/** A guess from the name of the file, where there is one, and the first lines. A person can choose another. */
export function detectInventoryFormat(text: string, fileName = ''): InventoryFormat {
  const suffix = /\.([a-z]+)$/i.exec(fileName)?.[1]?.toLowerCase()
  if (suffix === 'csv' || suffix === 'tsv') return 'csv'
  if (suffix === 'yaml' || suffix === 'yml') return 'ansible-yaml'
  if (suffix === 'ini') return 'ansible-ini'
  if (suffix === 'json') return 'json'
  const lines = linesOf(text.slice(0, 16_384)).filter((line) => !/^\s*([#;]|$|---)/.test(line))
  const [first = ''] = lines
  if (first.trimStart().startsWith('{')) return 'json'
  if (
    lines.some(
      (line) => /^\s*\[[^\]]*[A-Za-z_][^\]:]*(?::(?:vars|children))?\]\s*(?:[#;].*)?$/.test(line) && !/^\s*\[[0-9A-Fa-f:.]+\]/.test(line),
    )
  )
    return 'ansible-ini'
  if (lines.some((line) => /\sansible_\w+=/.test(line))) return 'ansible-ini'
  if (/^[\w.-]+:\s*$/.test(first)) return 'ansible-yaml'
  return isHeader(first) ? 'csv' : 'paste'
}

/** A line of names of columns, one of which says where a machine is. */
function isHeader(line: string): boolean {
  const cells = line.split(/[,;\t]/).map((cell) => cell.trim().replaceAll('"', '').toLowerCase())
  return (
    cells.some((cell) => /^(host|hostname|address|ip|ip address|fqdn)$/.test(cell)) && cells.every((cell) => /^[a-z][a-z _/-]*$/.test(cell))
  )
}
