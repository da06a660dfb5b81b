import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** A text that may stand nowhere but where it is meant to, and what it would look like there. */
export type Needle = { readonly name: string; readonly forms: ReadonlyMap<string, Buffer> }

/** In all the forms in which text gets into files, frames and logs. Give 12 bytes or more: less is found by chance. */
export function needleOf(name: string, secret: string | Buffer): Needle {
  const bytes = Buffer.from(secret)
  const text = bytes.toString('utf8')
  const forms = new Map<string, Buffer>([['as it is', bytes]])
  const add = (form: string, written: string) => {
    if (![...forms.values()].some((known) => known.equals(Buffer.from(written)))) forms.set(form, Buffer.from(written))
  }
  add('hex', bytes.toString('hex'))
  add('HEX', bytes.toString('hex').toUpperCase())
  for (const offset of [0, 1, 2]) {
    const base64 = base64Within(bytes, offset)
    add(`base64 at ${offset}`, base64)
    add(`base64url at ${offset}`, base64.replaceAll('+', '-').replaceAll('/', '_'))
  }
  if (!Buffer.from(text).equals(bytes)) return { name, forms } // no text
  const json = JSON.stringify(text).slice(1, -1)
  add('JSON', json)
  add('JSON in JSON', JSON.stringify(json).slice(1, -1))
  add(
    'ASCII JSON',
    json.replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
  add('in a URL', encodeURIComponent(text))
  add('in a form', new URLSearchParams([['', text]]).toString().slice(1))
  add('percent', [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''))
  add('in a shell', text.replaceAll("'", `'\\''`))
  forms.set('UTF-16', Buffer.from(text, 'utf16le'))
  return { name, forms }
}

/** What of the text is the same whatever stands before and after it. */
function base64Within(bytes: Buffer, offset: number): string {
  const padded = Buffer.concat([Buffer.alloc(offset), bytes])
  const whole = padded.toString('base64').replace(/=+$/, '')
  return whole.slice([0, 2, 3][offset], padded.length % 3 === 0 ? undefined : -1)
}

/** Which needles a text holds, each with its form. */
export function findSecrets(haystack: string | Buffer, needles: readonly Needle[]): string[] {
  const bytes = Buffer.from(haystack)
  return needles.flatMap(({ name, forms }) =>
    [...forms].flatMap(([form, written]) => (bytes.includes(written) ? [`${name}, ${form}`] : [])),
  )
}

export type Found = { readonly path: string; readonly mode: string; readonly what: readonly string[] }

/** Every file below a folder, links not followed, that holds a needle in its content or its name. */
export function searchFolder(folder: string, needles: readonly Needle[], isLeftOut: (path: string) => boolean = () => false): Found[] {
  return listFiles(folder, isLeftOut).flatMap(({ path, mode }) => {
    const name = relative(folder, path)
    const what = [...findSecrets(readWhole(path), needles), ...findSecrets(name, needles).map((each) => `${each} in the name`)]
    return what.length === 0 ? [] : [{ path: name, mode, what }]
  })
}

/** Files and folders below, with their modes as four digits. */
export function listFiles(folder: string, isLeftOut: (path: string) => boolean = () => false, kinds: 'files' | 'all' = 'files') {
  const found: { path: string; mode: string; isFile: boolean }[] = []
  const walk = (at: string) => {
    for (const name of namesIn(at)) {
      const path = join(at, name)
      const stats = lstatSync(path, { throwIfNoEntry: false })
      if (!stats || isLeftOut(path)) continue
      if (stats.isFile() || (kinds === 'all' && stats.isDirectory()))
        found.push({ path, mode: (stats.mode & 0o7777).toString(8).padStart(4, '0'), isFile: stats.isFile() })
      if (stats.isDirectory()) walk(path)
    }
  }
  walk(folder)
  return found
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // gone meanwhile
  }
}

function readWhole(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch {
    return Buffer.alloc(0) // gone meanwhile
  }
}
