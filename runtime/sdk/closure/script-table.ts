import { readFileSync } from 'node:fs'
import { findSourceMap, SourceMap } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type ScriptReport, withScripts } from './inspector-session.ts'
import { type ModuleFacts, readModuleFacts } from './module-bindings.ts'

/** What we know of one script that V8 runs: a module, a CommonJS file, or a piece of evaluated code. */
export type Script = {
  /** As a URL where it is a file, else as V8 names it (`node:fs`, `evalmachine.<anonymous>`). */
  url: string
  isModule: boolean
  isPackage: boolean
  isNode: boolean
  facts(): ModuleFacts
  /** Where a zero-based position of the running code stood in the source that the user wrote. */
  original(line: number, column: number): { file: string; line: number; column: number } | undefined
}

/** Scripts whose source is kept until asked for: 4000 of them, or 16 MB, then the oldest are read anew when needed. */
const scriptLimit = 4_000
const sourceLimitBytes = 16 * 1024 * 1024
const scripts = new Map<string, Script>()

/** Undefined where V8 no longer knows the script. */
export function findScript(scriptId: string): Script | undefined {
  if (!scripts.has(scriptId)) readScripts(scriptId)
  return scripts.get(scriptId)
}

/** Reads all scripts at once: turning the inspector's debugger on is the cost, not the reading. */
export function readScripts(wanted?: string): void {
  withScripts((reports, sourceOf) => {
    let bytes = 0
    for (const report of reports) {
      if (scripts.has(report.scriptId)) continue
      const url = asUrl(report.url)
      const isUserCode = url.startsWith('file:') && !url.includes('/node_modules/')
      if (!isUserCode && report.scriptId !== wanted) continue
      if (bytes > sourceLimitBytes && report.scriptId !== wanted) continue
      const source = url.startsWith('node:') ? '' : sourceOf(report.scriptId)
      bytes += source.length
      scripts.set(report.scriptId, createScript(report, url, source))
    }
  })
  for (const oldest of scripts.keys()) {
    if (scripts.size <= scriptLimit) break
    if (oldest !== wanted) scripts.delete(oldest)
  }
}

function createScript(report: ScriptReport, url: string, source: string): Script {
  let facts: ModuleFacts | undefined
  let text: string | undefined = source
  let map: SourceMap | undefined | null = null
  return {
    url,
    isModule: report.isModule,
    isPackage: url.includes('/node_modules/'),
    isNode: url.startsWith('node:'),
    facts() {
      facts ??= readModuleFacts(text ?? '', report.isModule)
      text = undefined
      return facts
    },
    original(line, column) {
      if (map === null) map = readSourceMap(url, report.sourceMapUrl)
      const entry = map?.findEntry(line, column)
      if (!entry || !('originalSource' in entry) || entry.originalLine === undefined) return undefined
      return { file: resolveSource(url, entry.originalSource), line: entry.originalLine, column: entry.originalColumn }
    },
  }
}

const asUrl = (url: string): string => (url.startsWith('/') || /^[A-Za-z]:[\\/]/.test(url) ? pathToFileURL(url).href : url)

function readSourceMap(url: string, sourceMapUrl: string | undefined): SourceMap | undefined {
  try {
    if (sourceMapUrl === undefined || sourceMapUrl === '') return findSourceMap(url.startsWith('file:') ? fileURLToPath(url) : url)
    const inline = /^data:application\/json[^,]*?(;base64)?,(.*)$/s.exec(sourceMapUrl)
    const text = inline
      ? inline[1]
        ? Buffer.from(inline[2] ?? '', 'base64').toString()
        : decodeURIComponent(inline[2] ?? '')
      : readFileSync(new URL(sourceMapUrl, url), 'utf8')
    return new SourceMap(JSON.parse(text)) // the payload is checked by its reader: a wrong one throws or maps nothing
  } catch {
    return undefined // without a usable map, positions are those of the running code
  }
}

function resolveSource(url: string, source: string): string {
  try {
    return new URL(asUrl(source), url).href
  } catch {
    return source
  }
}
