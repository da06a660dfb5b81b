import { parse } from 'csv-parse/sync'
import * as z from 'zod'
import { MachineName } from '../contract/machines.ts'
import { parseHostToken } from './host-token.ts'
import {
  InventoryDraft,
  isSecretName,
  type MachineDraft,
  maxInventoryMachines,
  nameFromHost,
  type ParsedInventory,
  refuseHugeText,
} from './inventory-draft.ts'
import { splitCell } from './list-cell.ts'

const Records = z.array(z.object({ record: z.array(z.string()), info: z.object({ lines: z.number() }) }))

/**
 * Machines from a table with a header; commas, semicolons or tabs between its columns. Columns that hold passwords are never read.
 * A cell with several values has semicolons, commas or bars between them.
 */
export function parseCsvInventory(text: string): ParsedInventory {
  const huge = refuseHugeText(text)
  if (huge) return huge
  const inventory = new InventoryDraft()
  const rows = readRows(text, inventory)
  const [header, ...body] = rows
  if (!header) {
    inventory.problem(1, '', 'there is no header: expected is a first line with names of columns, such as host,user,port')
    return inventory.result()
  }
  const columns = readHeader(header.cells, inventory)
  if (!columns.includes('host')) {
    inventory.problem(
      1,
      header.cells.join(','),
      'no column is called host, hostname, address or ip: expected is a first line such as name,host,user,port',
    )
    return inventory.result()
  }
  for (const row of body) {
    const stop = inventory.whyStop()
    if (stop !== undefined) {
      inventory.stopped(row.line, stop)
      break
    }
    addRow(inventory, { ...row, columns, width: header.cells.length })
  }
  return inventory.result()
}

type Row = { readonly line: number; readonly cells: readonly string[] }
type Field = keyof MachineDraft

function readRows(text: string, inventory: InventoryDraft): Row[] {
  const plain = text.replace(/^\ufeff/, '')
  const rows = parse(plain, {
    delimiter: delimiterOf(plain),
    info: true,
    relax_column_count: true,
    relax_quotes: true, // one stray quote would take all rows behind it along
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: 262_144,
    on_skip(error) {
      inventory.problem(lineOf(error), '', `the row could not be read: ${reasonOf(error)}`)
      return undefined
    },
    to: maxInventoryMachines + 2, // the header, and one more to see that there are more
  })
  return Records.parse(rows).map(({ record, info }) => ({
    line: info.lines - record.reduce((count, cell) => count + cell.split('\n').length - 1, 0), // it counts to the end of the row
    cells: record,
  }))
}

const lineOf = (error: unknown): number => (error instanceof Error && 'lines' in error && typeof error.lines === 'number' ? error.lines : 0)

/** The library's words repeat the row, which may hold a password: the code says enough. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'CSV_MAX_RECORD_SIZE') return 'it is longer than 256 kB; is a quote not closed?'
  return code.includes('QUOTE')
    ? 'a quote stands where none is expected, or is not closed; a quote within a quoted cell is written twice'
    : `it is no row of a table (${code})`
}

/** What stands most often in the header outside quotes. */
function delimiterOf(text: string): string {
  const header = (/^[^\r\n]*/.exec(text)?.[0] ?? '').replaceAll(/"[^"]*"/g, '')
  const counts = [',', ';', '\t'].map((letter) => ({ letter, count: header.split(letter).length }))
  return counts.sort((a, b) => b.count - a.count)[0]?.letter ?? ','
}

function readHeader(cells: readonly string[], inventory: InventoryDraft): (Field | undefined)[] {
  const columns: (Field | undefined)[] = []
  for (const cell of cells) {
    const plain = cell.toLowerCase().replaceAll(/[^a-z]/g, '')
    const field = fields.get(plain)
    if (isSecretName(plain))
      inventory.problem(
        1,
        cell,
        'this column was not read: passwords are not kept in an inventory, they are asked for when they are needed',
      )
    else if (field === undefined && cell.trim() !== '') inventory.problem(1, cell, 'this column is not known and was left out')
    else if (field !== undefined && columns.includes(field))
      inventory.problem(1, cell, `this column was left out: another one says ${field} already`)
    columns.push(isSecretName(plain) || (field !== undefined && columns.includes(field)) ? undefined : field)
  }
  return columns
}

function addRow(
  inventory: InventoryDraft,
  { line, cells, columns, width }: Row & { columns: readonly (Field | undefined)[]; width: number },
): void {
  if (cells.every((cell) => cell.trim() === '')) return
  const known = new Map<Field, string>()
  for (const [index, field] of columns.entries()) {
    const cell = cellValue(cells[index] ?? '')
    if (field !== undefined && cell.trim() !== '') known.set(field, field === 'notes' ? cell : cell.trim())
  }
  const shown = [...known].map(([field, cell]) => `${field}: ${cell}`).join(', ')
  if (cells.length > width)
    inventory.problem(line, shown, `the row has ${cells.length} cells and the header ${width}: the rest was left out`)
  const token = parseHostToken(known.get('host') ?? '')
  if (typeof token === 'string') return inventory.problem(line, shown, `not added: ${token}`)
  if (token.hadPassword) inventory.problem(line, shown, 'the password in the address was left out: it is asked for when it is needed')
  const lists = (field: Field) => (known.has(field) ? splitCell(known.get(field) ?? '') : undefined)
  const number = (field: Field) => (known.has(field) ? Number(known.get(field)) : undefined)
  const auth = lists('auth')
  const given = known.get('name')
  const name = given === undefined || MachineName.safeParse(given).success ? given : nameFromHost(given)
  if (name !== given) inventory.problem(line, shown, `it is called ${name} here: names have letters, digits and . _ - @ : between them`)
  inventory.add(
    {
      name,
      host: token.host,
      user: known.get('user') ?? token.user,
      port: number('port') ?? token.port,
      keyFiles: lists('keyFiles'),
      ...(auth === undefined ? {} : { auth: auth.filter(isWayIn) }),
      jump: lists('jump'),
      groups: lists('groups'),
      tags: lists('tags'),
      notes: known.get('notes'),
      folder: known.get('folder'),
      nodeIp: known.get('nodeIp'),
      agentPort: number('agentPort'),
    },
    line,
    shown,
  )
}

const waysIn = ['agent', 'key', 'password', 'keyboard-interactive'] as const
const isWayIn = (text: string): text is (typeof waysIn)[number] => waysIn.some((way) => way === text)

/** Our export puts an apostrophe before what a spreadsheet would take for a formula. */
const cellValue = (cell: string): string => (/^'+[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell)

const fieldNames: readonly (readonly [Field, string])[] = [
  ['name', 'name label title machine'],
  ['host', 'host hostname address ip ipaddress fqdn server sshhost ansiblehost'],
  ['port', 'port sshport'],
  ['user', 'user username login sshuser account'],
  ['keyFiles', 'key keys keyfile keyfiles identityfile identityfiles privatekey sshkey'],
  ['auth', 'auth authentication'],
  ['jump', 'jump jumps jumphost jumphosts proxyjump gateway bastion'],
  ['groups', 'group groups folderpath grouppath'],
  ['tags', 'tag tags labels'],
  ['notes', 'notes note comment comments description'],
  ['folder', 'folder'],
  ['nodeIp', 'nodeip internalip privateip'],
  ['agentPort', 'agentport'],
]
const fields = new Map(fieldNames.flatMap(([field, names]) => names.split(' ').map((name) => [name, field] as const)))
