import { createElement, useState } from 'react'
import { Badge } from '../../../../src-renderer/ui/badge.tsx'
import { DataTable } from '../../../../src-renderer/ui/data-table/data-table.tsx'
import { inWindow, painted, until, watchFrames } from './frames.mjs'

const count = 100_000
const states = [
  ['FINISHED', 'good'],
  ['RUNNING', 'info'],
  ['FAILED', 'bad'],
]
const makeRow = (_, number) => ({
  id: number.toString(16).padStart(8, '0').padEnd(48, 'a'),
  name: ['load_batch', 'train_step', 'score', 'save_checkpoint'][number % 4],
  state: states[number % 7 === 0 ? 2 : number % 2],
  node: `node-${number % 500}`,
  cpu: (number % 8) + 1,
  seconds: (number * 7_919) % 4_000,
  error: number % 7 === 0 ? `ValueError: batch ${number} holds no rows, and one at least is needed` : '',
})
const text = (id, title, width) => ({
  id,
  title,
  width,
  isSortable: true,
  filter: { kind: 'text' },
  render: (row) => row[id],
  text: (row) => String(row[id]),
})
const figure = (id, title) => ({ ...text(id, title, 90), align: 'right', render: (row) => String(row[id]) })
const state = {
  id: 'state',
  title: 'State',
  width: 120,
  render: ({ state: [word, tone] }) => createElement(Badge, { tone }, word),
  text: (row) => row.state[0],
}
const columns = [
  text('id', 'Id', 200),
  text('name', 'Name', 160),
  state,
  text('node', 'Node', 120),
  figure('cpu', 'CPU'),
  figure('seconds', 'Seconds'),
  text('error', 'Error', 320),
]

function Table({ rows }) {
  const [asked, setAsked] = useState({ filters: [], sort: null, columns: null })
  const known = { rows, rowId: (row) => row.id, counts: { matched: count, total: count }, hrefOf: (row) => `#${row.id}` }
  return createElement(DataTable, { id: 'bench', label: 'Tasks', columns, state: asked, onState: setAsked, empty: 'No tasks', ...known })
}

/** Draws 100,000 rows, then scrolls over 90 % of them in 4 s. */
export async function runTable(root) {
  const rows = Array.from({ length: count }, makeRow)
  const begunMs = performance.now()
  root.render(inWindow(createElement(Table, { rows })))
  await until(() => document.querySelector('[data-row]') !== null)
  await painted()
  const loadMs = performance.now() - begunMs
  const scroller = document.querySelector('[data-scroller]')
  const farthest = (scroller.scrollHeight - scroller.clientHeight) * 0.9
  const scroll = await watchFrames(4_000, (part) => scroller.scrollTo({ top: farthest * part }))
  return { loadMs, scroll }
}
