import fc from 'fast-check'
import type * as z from 'zod'

/** Values that a schema accepts, with no more sense than that: ids that nobody has, amounts that nobody would ask for. */
export function arbitraryOf(schema: z.ZodType): fc.Arbitrary<unknown> {
  // What zod knows of itself; its types are narrower than what this walk needs.
  const def = (schema as unknown as { _zod: { def: Definition } })._zod.def
  return filtered(arbitraryOfDefinition(def), schema)
}

type Definition = {
  readonly type: string
  readonly shape?: Record<string, z.ZodType>
  readonly element?: z.ZodType
  readonly options?: readonly z.ZodType[]
  readonly innerType?: z.ZodType
  readonly getter?: () => z.ZodType
  readonly keyType?: z.ZodType
  readonly valueType?: z.ZodType
  readonly values?: readonly unknown[]
  readonly entries?: Record<string, string>
  readonly checks?: readonly {
    _zod: { def: { check?: string; pattern?: RegExp; format?: string; minimum?: number; maximum?: number; value?: number } }
  }[]
}

function arbitraryOfDefinition(def: Definition): fc.Arbitrary<unknown> {
  switch (def.type) {
    case 'object':
      return fc.record(Object.fromEntries(Object.entries(def.shape ?? {}).map(([name, field]) => [name, arbitraryOf(field)])))
    case 'lazy':
      return def.getter ? arbitraryOf(def.getter()) : fc.constant(undefined)
    case 'array':
      return def.element
        ? fc.array(arbitraryOf(def.element), { minLength: limitOf(def, 'min_length') ?? 0, maxLength: 3 })
        : fc.constant([])
    case 'union':
      return fc.oneof(...(def.options ?? []).map(arbitraryOf))
    case 'nullable':
      return fc.oneof(fc.constant(null), ...(def.innerType ? [arbitraryOf(def.innerType)] : []))
    case 'optional':
      return fc.oneof(fc.constant(undefined), ...(def.innerType ? [arbitraryOf(def.innerType)] : []))
    case 'record':
      return fc.dictionary(fc.string({ minLength: 1, maxLength: 12 }), def.valueType ? arbitraryOf(def.valueType) : fc.constant(1), {
        maxKeys: 3,
      })
    case 'literal':
      return fc.constantFrom(...(def.values ?? []))
    case 'enum':
      return fc.constantFrom(...Object.values(def.entries ?? {}))
    case 'boolean':
      return fc.boolean()
    case 'number':
      return numberOf(def)
    case 'string':
      return stringOf(def)
    default:
      return fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.constantFrom('internal', 'timeout', null), fc.string()) // custom checks: bytes, codes
  }
}

function numberOf(def: Definition): fc.Arbitrary<number> {
  const least = limitOf(def, 'greater_than') ?? -1_000
  const most = limitOf(def, 'less_than') ?? Number.MAX_SAFE_INTEGER
  return fc.oneof(
    fc.integer({ min: Math.ceil(least), max: Math.floor(Math.min(most, least + 4)) }),
    fc.maxSafeInteger().map((value) => Math.min(most, Math.max(least, value))),
  )
}

function stringOf(def: Definition): fc.Arbitrary<string> {
  const pattern = (def.checks ?? []).map((check) => check._zod.def.pattern).find((found) => found !== undefined)
  const length = /^\^\[0-9a-f\]\{(\d+)\}\$$/.exec(pattern?.source ?? '')?.[1]
  if (length === undefined) return fc.string({ minLength: limitOf(def, 'min_length') ?? 0, maxLength: 8 })
  // A few ids again and again: nonsense that contradicts itself reaches further than nonsense about strangers.
  return fc.integer({ min: 0, max: 5 }).map((digit) => String(digit).repeat(Number(length)))
}

function limitOf(def: Definition, check: string): number | undefined {
  const found = (def.checks ?? []).map((one) => one._zod.def).find((one) => one.check === check)
  return found?.minimum ?? found?.maximum ?? found?.value
}

const filtered = (arbitrary: fc.Arbitrary<unknown>, schema: z.ZodType) => arbitrary.filter((value) => schema.safeParse(value).success)
