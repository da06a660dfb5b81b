import { compileScript } from './compile-script.ts'
import type { PrivateAccess } from './class-identity.ts'
import { applyEdits, type Edit, helperNames } from './function-text.ts'
import type { FunctionRecord } from './graph-format.ts'
import { localUrl } from './package-folders.ts'

/** A function or class under construction. Its captured variables may be set again until all of them are there. */
export type Built = {
  set(values: readonly unknown[]): void
  make(): object
  /** Of a class with private fields: sets them on an instance, or the static ones. */
  access: PrivateAccess
}

/** While `on`, constructors of rebuilt classes make an object and leave it empty. */
const making = { on: false }

/** Makes an instance without running the user's constructor. */
export function makeInstance(owner: object): object {
  making.on = true
  try {
    return Reflect.construct(owner as new () => object, []) // a class, by the record that names it
  } finally {
    making.on = false
  }
}

/**
 * Compiles a captured function. Its code keeps the file, lines and columns it had, so stack traces name the user's file,
 * and `import()` inside it resolves from there.
 *
 * @param cells the object whose properties are its shared variables, if it has any
 */
export function buildFunction(record: FunctionRecord, cells: object | undefined, base: unknown): Built {
  const edits: Edit[] = []
  for (let index = 0; index < record.edits.length; index += 3) {
    const [start, end, text] = record.edits.slice(index, index + 3)
    edits.push({ start: Number(start), end: Number(end), text: String(text) })
  }
  const text = applyEdits(record.text, edits)
  const names = record.names.join(',')
  const helpers = `${helperNames.base},${helperNames.making},${helperNames.access}`
  const open = cells
    ? `(function($shoalCells,${helpers}){with($shoalCells){return(function(){`
    : `(function($shoalCells,${helpers}){{return(function(){`
  const strict = record.strict ? '"use strict";' : ''
  const variables = record.names.length > 0 ? `var ${names};` : ''
  const setter = record.names.length > 0 ? `$shoalValues=>{[${names}]=$shoalValues}` : '()=>{}'
  const [before, after] = placing(record)
  const prefix = `${open}${strict}${variables}return{set:${setter},make:()=>${before}`
  const script = compileScript(`${prefix}${text}\n${after}}})()}})`, {
    filename: record.file === '' ? 'shipped function' : localUrl(record.file),
    lineOffset: record.line,
    columnOffset: record.column - prefix.length,
  })
  const access: Built['access'] = {}
  const wrapper = script.runInThisContext() as (...helpers: unknown[]) => Pick<Built, 'set' | 'make'> // the text above
  return { ...wrapper(cells, base, making, access), access }
}

/** An object literal's member takes the member's name, which is what an anonymous function had from its variable. */
function placing(record: FunctionRecord): [string, string] {
  switch (record.form) {
    case 'member':
      return ['({', '}).m']
    case 'getter':
      return ['Object.getOwnPropertyDescriptor({', '},"m").get']
    case 'setter':
      return ['Object.getOwnPropertyDescriptor({', '},"m").set']
    default: {
      const name = JSON.stringify(record.name === '__proto__' ? 'proto' : record.name)
      return record.name === '' ? ['(', ')'] : [`({${name}:`, `})[${name}]`]
    }
  }
}
