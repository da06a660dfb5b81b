import { originalOfTwin, originOf } from './class-identity.ts'
import type { GraphEncoder } from './encode-graph.ts'
import { type ClassFacts, readFunctionText } from './function-text.ts'
import { findGlobalPath, isObject } from './globals.ts'
import type { Making, Slot } from './graph-format.ts'
import { privateFields } from './inspector-session.ts'
import { findBuiltin } from './module-references.ts'
import type { Path } from './refusals.ts'

/** Whether `owner` is a constructor written as a function, whose prototype user code fills by hand. */
export function isOrdinaryClass(owner: object): boolean {
  if (findGlobalPath(owner) !== undefined || findBuiltin(owner)) return false
  return !/^class\b/.test(sourceOf(owner))
}

/** How to make an instance whose classes have private fields, and their values; undefined where none has. */
export function readMaking(encoder: GraphEncoder, value: object, path: Path | undefined): Making | undefined {
  const classes = classesOf(value)
  if (!classes.some(({ facts }) => facts?.hasPrivate)) return undefined
  const found = privateFields(value)
  const taken = new Set<number>()
  const values: [Slot, Slot[]][] = []
  for (const { owner, facts } of classes.toReversed()) {
    if (!facts || facts.privateFields.length === 0) continue
    const slots = facts.privateFields.map((name) => {
      const index = found.findIndex((one, at) => one.name === `#${name}` && !taken.has(at)) // base class first, as the fields were made
      if (index < 0) throw encoder.refuse(path, `its private field #${name} cannot be read; give the class a public copy of it`)
      taken.add(index)
      return encoder.slotOf(found[index]?.value, { step: 'property', name: `#${name}`, parent: path })
    })
    values.push([encoder.slotOf(owner, path), slots])
  }
  if (taken.size !== found.length) {
    const name = found.find((_, at) => !taken.has(at))?.name ?? ''
    throw encoder.refuse(
      path,
      `its private field ${name} belongs to a class that does not travel by value; create the object inside the function`,
    )
  }
  const own = classes[0]
  return own && [encoder.slotOf(own.owner, path), values]
}

/** The classes of an object, its own first, as far as their source can be read. */
function classesOf(value: object): { owner: object; facts: ClassFacts | undefined }[] {
  const classes: { owner: object; facts: ClassFacts | undefined }[] = []
  for (
    let proto: unknown = Object.getPrototypeOf(value);
    isObject(proto) && proto !== Object.prototype;
    proto = Object.getPrototypeOf(proto)
  ) {
    const owner: unknown = Object.getOwnPropertyDescriptor(proto, 'constructor')?.value
    if (typeof owner !== 'function' || findGlobalPath(owner) !== undefined) continue
    if (classes.some((below) => originalOfTwin(below.owner) === owner)) continue // its twin below made the fields
    const text = sourceOf(owner)
    classes.push({ owner, facts: /^class\b/.test(text) ? readFacts(text) : undefined })
  }
  return classes
}

function readFacts(text: string): ClassFacts | undefined {
  try {
    return readFunctionText(text).classFacts
  } catch {
    return undefined // the class itself will be refused with the reason
  }
}

const sourceOf = (owner: object): string => originOf(owner)?.record.text ?? Function.prototype.toString.call(owner)
