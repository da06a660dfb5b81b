import { type Duration, resolveDuration } from '../base/duration.ts'
import { toError } from '../base/errors.ts'
import { splitHostPort } from '../node/addresses.ts'
import { UsageError } from './command.ts'

const unitBytes: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
}

/** Whole bytes of `8GiB`, `8GB`, `8e9`. @throws UsageError naming the flag and the value. */
export function parseSize(flag: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?(?:e\d{1,2})?) ?([a-z]*)$/i.exec(text.trim())
  const unit = unitBytes[match?.[2]?.toLowerCase() ?? '?']
  const bytes = Math.round(Number(match?.[1]) * (unit ?? Number.NaN))
  if (!(bytes > 0 && bytes <= 1e15)) throw bad(flag, text, 'a size such as 8GiB, 500MB or 8e9 (bytes)')
  return bytes
}

/** @throws UsageError */
export function parseCount(flag: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw bad(flag, text, 'a whole number such as 4')
  return Number(text)
}

/** @throws UsageError */
export function parsePort(flag: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw bad(flag, text, 'a port from 0 (a free one) to 65535')
  return port
}

/** A port of somebody else, where 0 is none. @throws UsageError */
export function parseKnownPort(flag: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port >= 1 && port <= 65_535)) throw bad(flag, text, 'a port from 1 to 65535')
  return port
}

/** @throws UsageError */
export function parseAddress(flag: string, text: string): { host: string; port: number } {
  try {
    const address = splitHostPort(text)
    if (address.port > 0) return address
  } catch {
    // said below, with the flag's name
  }
  throw bad(flag, text, 'HOST:PORT of the head, such as 10.0.0.5:6379')
}

/** Milliseconds. @throws UsageError */
export function parseDuration(flag: string, text: string): number {
  try {
    return resolveDuration(text as Duration, 0) // it refuses any other text
  } catch {
    throw bad(flag, text, 'a duration such as 500ms, 5s or 1m')
  }
}

const flagOfResource: Readonly<Record<string, string>> = {
  CPU: '--num-cpus',
  GPU: '--num-gpus',
  memory: '--memory',
  object_store_memory: '--object-store-memory',
}
const namesAtMost = 256

/** Custom resources: `{"license": 2}`. @throws UsageError */
export function parseResources(flag: string, text: string): Record<string, number> {
  const parsed = parseJsonObject(flag, text, `a JSON object of amounts such as '{"license": 2}'`)
  const resources: Record<string, number> = {}
  for (const [name, amount] of Object.entries(parsed)) {
    const own = flagOfResource[name]
    if (own) throw new UsageError(`${flag}: ${name} has a flag of its own, ${own}`)
    if (name === '' || name.length > namesAtMost)
      throw new UsageError(`${flag}: a name must have 1 to ${namesAtMost} letters, got ${JSON.stringify(name)}`)
    if (typeof amount !== 'number' || !(amount >= 0 && amount <= 1e15)) {
      throw new UsageError(`${flag}: the amount of ${name} must be a number from 0 to 1e15, got ${JSON.stringify(amount)}`)
    }
    resources[name] = amount
  }
  return resources
}

/** `zone=a,disk=ssd` or `{"zone": "a"}`. @throws UsageError */
export function parseLabels(flag: string, text: string): Record<string, string> {
  const wanted = `labels such as zone=a,disk=ssd or '{"zone": "a"}'`
  const entries: [string, unknown][] = text.trim().startsWith('{')
    ? Object.entries(parseJsonObject(flag, text, wanted))
    : text.split(',').map((pair) => {
        const at = pair.indexOf('=')
        if (at < 1) throw bad(flag, pair, wanted)
        return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
      })
  const labels: Record<string, string> = {}
  for (const [key, value] of entries) {
    if (typeof value !== 'string' || key === '' || key.length > namesAtMost || value.length > namesAtMost) {
      throw new UsageError(
        `${flag}: a label is text of at most ${namesAtMost} letters, got ${JSON.stringify(key)}: ${JSON.stringify(value)}`,
      )
    }
    labels[key] = value
  }
  return labels
}

function parseJsonObject(flag: string, text: string, wanted: string): object {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw bad(flag, text, `${wanted} (${toError(error).message})`)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw bad(flag, text, wanted)
  return parsed
}

/** @throws UsageError for nothing at all */
export function parseSome(flag: string, text: string | undefined): string | undefined {
  if (text?.trim() === '') throw bad(flag, text, 'more than nothing')
  return text
}

const bad = (flag: string, text: string, wanted: string) =>
  new UsageError(`${flag} must be ${wanted}, got ${JSON.stringify(text.slice(0, 200))}`)
