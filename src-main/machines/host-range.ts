import { isIPv6 } from 'node:net'

/** The texts that a pattern stands for, or why it stands for none. */
export type Expansion = { readonly texts: string[] } | { readonly why: string }

type Range = { count: number; at: (index: number) => string }

/**
 * `gpu[01-08]`, `node[1,3,5-9]`, `10.0.0.[1-20]`, `[a-d]`: several brackets multiply, zeros in front stay. An IPv6 address in brackets stays as it is.
 * `between: ':'` reads the ranges of Ansible, `[01:50]` and `[1:9:2]` with a step. Counted before it is made, so a huge one costs nothing.
 */
export function expandHostRange(pattern: string, limit: number, between: '-' | ':' = '-'): Expansion {
  const parts = pattern.split(/(\[[^[\]]*\])/)
  const lists: string[][] = []
  let total = 1
  for (const part of parts) {
    const inside = /^\[(.*)\]$/.exec(part)?.[1]
    if (inside === undefined) {
      if (/[[\]]/.test(part)) return { why: `a bracket in ${JSON.stringify(pattern)} is not closed` }
      if (part !== '') lists.push([part])
      continue
    }
    if (isIPv6(inside.replace(/%.*$/, ''))) {
      lists.push([part])
      continue
    }
    const ranges = rangesOf(inside, between)
    if ('why' in ranges) return ranges
    total *= ranges.reduce((sum, range) => sum + range.count, 0)
    if (total > limit) return { why: `${JSON.stringify(pattern)} stands for more than ${limit} hosts` }
    lists.push(ranges.flatMap((range) => Array.from({ length: range.count }, (_, index) => range.at(index))))
  }
  return { texts: lists.reduce<string[]>((made, list) => made.flatMap((text) => list.map((next) => text + next)), ['']) }
}

function rangesOf(inside: string, between: '-' | ':'): Range[] | { why: string } {
  const ranges: Range[] = []
  for (const item of inside.split(',').map((each) => each.trim())) {
    const range = rangeOf(item, between)
    if (typeof range === 'string') return { why: `[${inside.slice(0, 80)}] is no range: ${range}` }
    ranges.push(range)
  }
  return ranges
}

function rangeOf(item: string, between: '-' | ':'): Range | string {
  const [from = '', to = from, stepText = '1', ...more] = item.split(between)
  const step = Number(stepText)
  const example = between === '-' ? 'such as [01-08] or [1,3,5-9]' : 'such as [01:50] or [a:f]'
  if (more.length > 0 || (between === '-' && stepText !== '1') || !/^\d{1,6}$/.test(stepText) || step < 1)
    return `expected is one ${example}`
  if (/^[a-z]$/.test(from) && /^[a-z]$/.test(to)) return letters(from, to, step)
  if (/^[A-Z]$/.test(from) && /^[A-Z]$/.test(to)) return letters(from, to, step)
  if (!/^\d{1,9}$/.test(from) || !/^\d{1,9}$/.test(to)) return `expected is one ${example}`
  const first = Number(from)
  const last = Number(to)
  if (last < first) return `${to} is less than ${from}`
  const width = from.length > 1 && from.startsWith('0') ? from.length : 0
  return { count: Math.floor((last - first) / step) + 1, at: (index) => String(first + index * step).padStart(width, '0') }
}

function letters(from: string, to: string, step: number): Range | string {
  const first = from.charCodeAt(0)
  const last = to.charCodeAt(0)
  if (last < first) return `${to} comes before ${from}`
  return { count: Math.floor((last - first) / step) + 1, at: (index) => String.fromCharCode(first + index * step) }
}
