import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { repository } from '#test/tidy/repository-files.ts'
import type { Figure } from './figure.ts'

/** Of what every page needs before its own part, compressed. */
export const entryBudgetBytes = 250_000

type Size = { readonly bytes: number; readonly gzipBytes: number }
export type BundleSizes = { readonly total: Size; readonly entry: Size; readonly largest: Size & { readonly name: string } }

/** What dist/renderer weighs, each file compressed by itself. @throws Error when it was not built */
export function readBundleSizes(folder = join(repository, 'dist', 'renderer')): BundleSizes {
  if (!existsSync(join(folder, 'index.html')))
    throw new Error(`${folder} holds no page: run \`node scripts/renderer.mjs\`, which builds it`)
  const assets = readdirSync(join(folder, 'assets'))
  const sizes = new Map(assets.map((name) => [name, sizeOf(join(folder, 'assets', name))]))
  const html = sizeOf(join(folder, 'index.html'))
  const scripts = assets.filter((name) => name.endsWith('.js')).map((name) => ({ name, ...(sizes.get(name) ?? nothing) }))
  const [largest] = scripts.toSorted((one, other) => other.bytes - one.bytes)
  if (largest === undefined) throw new Error(`${folder} holds no script: run \`node scripts/renderer.mjs\`, which builds it`)
  const entry = filesOfEntry(folder).map((name) => sizes.get(name) ?? nothing)
  return { total: sum([html, ...sizes.values()]), entry: sum([html, ...entry]), largest }
}

/**
 * What index.html names, what its script loads at once (`import()` of what the page cannot begin without), and all that those import.
 * Pages and dialogs that are loaded when they are opened are not in it.
 */
function filesOfEntry(folder: string): string[] {
  const html = readFileSync(join(folder, 'index.html'), 'utf8')
  const named = [...html.matchAll(/(?:src|href)="\/assets\/([^"]+)"/g)].map(([, name = '']) => name)
  const main = /<script[^>]*src="\/assets\/([^"]+)"/.exec(html)?.[1] ?? ''
  const atOnce = [...read(folder, main).matchAll(/\bimport\(\s*["'`]\.\/([^"'`]+)["'`]/g)].map(([, name = '']) => name)
  const found = new Set([...named, ...atOnce])
  for (const name of found) {
    if (!name.endsWith('.js')) continue
    for (const [, imported = ''] of read(folder, name).matchAll(/(?:\bfrom|\bimport)\s*["'`]\.\/([^"'`]+)["'`]/g)) found.add(imported)
  }
  return [...found]
}

const read = (folder: string, name: string): string => readFileSync(join(folder, 'assets', name), 'utf8')

const nothing: Size = { bytes: 0, gzipBytes: 0 }

function sizeOf(path: string): Size {
  const content = readFileSync(path)
  return { bytes: content.length, gzipBytes: gzipSync(content, { level: 9 }).length }
}

const sum = (sizes: readonly Size[]): Size =>
  sizes.reduce((all, { bytes, gzipBytes }) => ({ bytes: all.bytes + bytes, gzipBytes: all.gzipBytes + gzipBytes }), nothing)

export function measureBundle(): Figure[] {
  const { total, entry, largest } = readBundleSizes()
  const kB = (bytes: number) => bytes / 1_000
  return [
    { what: 'the page before its first part: bytes', unit: 'kB', value: kB(entry.bytes) },
    { what: 'the page before its first part: gzip', unit: 'kB', value: kB(entry.gzipBytes), atMost: kB(entryBudgetBytes) },
    { what: `largest script (${largest.name.replace(/-[\w-]{8}\.js$/, '')}): bytes`, unit: 'kB', value: kB(largest.bytes) },
    { what: 'largest script: gzip', unit: 'kB', value: kB(largest.gzipBytes) },
    { what: 'dist/renderer: bytes', unit: 'kB', value: kB(total.bytes) },
    { what: 'dist/renderer: gzip', unit: 'kB', value: kB(total.gzipBytes) },
  ]
}
