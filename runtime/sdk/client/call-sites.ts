import { fileURLToPath } from 'node:url'
import { withoutOwnFrames } from './own-frames.ts'

/** Deep enough to come out of our own code. */
const deepest = 24
const longest = 1_024

let isOn: boolean | undefined
/** Whether this process records which line of the program made an object: it costs some 20 µs an object (Ray: RAY_record_ref_creation_sites). */
export const recordsCallSites = (): boolean => (isOn ??= process.env['SHOAL_RECORD_CALL_SITES'] === '1')

/** Kept apart from what they belong to, so that objects are no larger where nothing is recorded. */
const sites = new WeakMap<object, string>()

/** Notes the line of the program that is being run for each of these, where call sites are recorded. */
export function noteCallSite(...made: readonly object[]): void {
  if (!recordsCallSites()) return
  const site = callSiteHere()
  if (site !== '') for (const each of made) sites.set(each, site)
}

export const callSiteOf = (made: object | undefined): string | undefined => (made === undefined ? undefined : sites.get(made))

/** `file:line` of the first frame that is not ours; empty when there is none. */
function callSiteHere(): string {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = deepest
  const { stack = '' } = new Error('call site')
  Error.stackTraceLimit = limit
  for (const line of withoutOwnFrames(stack).split('\n')) {
    const [, file = '', at = ''] = /^\s+at (?:.*\()?([^()]+):(\d+):\d+\)?$/.exec(line) ?? []
    if (file !== '' && !file.startsWith('node:')) return `${pathOf(file.replace(/^async /, ''))}:${at}`.slice(-longest)
  }
  return ''
}

function pathOf(file: string): string {
  try {
    return file.startsWith('file:') ? fileURLToPath(file) : file
  } catch {
    return file // a name that looks like an address, and is none
  }
}
