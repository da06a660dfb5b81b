import * as fc from 'fast-check'
import { MachineSpec } from '#src-main/contract/machines.ts'
import type { InventoryProblem, ParsedInventory } from '#src-main/machines/inventory-draft.ts'

export const namesOf = ({ machines }: ParsedInventory): string[] => machines.map(({ name }) => name)
/** `user@host:port` of each. */
export const placesOf = ({ machines }: ParsedInventory): string[] =>
  machines.map(({ user, host, port }) => `${user === undefined ? '' : `${user}@`}${host}${port === undefined ? '' : `:${port}`}`)
export const messagesOf = ({ problems }: { readonly problems: readonly InventoryProblem[] }): string[] =>
  problems.map(({ line, message }) => `${line}: ${message}`)
export const spec = (name: string, more: Partial<MachineSpec> = {}): MachineSpec => MachineSpec.parse({ name, host: name, ...more })

const letters = 'abcxyzABC0189é中'
const textOf = (alphabet: string, maxLength: number) =>
  fc
    .string({ unit: fc.constantFrom(...alphabet.split('')), minLength: 1, maxLength })
    .map((text) => text.trim())
    .filter((text) => text !== '')
const label = textOf(`${letters}_-./ ,;|\\'"=#@:[]{}&*!%\u00a0+`, 16)
const path = textOf(`${letters}/~_-. ,;|\\'"%#+`, 24)
const word = (first: string, rest: string, maxLength: number) =>
  fc
    .tuple(fc.constantFrom(...first.split('')), fc.string({ unit: fc.constantFrom(...rest.split('')), maxLength }))
    .map(([start, end]) => start + end)
const host = fc.oneof(word('abz019_', 'abz019', 8), fc.constantFrom('10.0.0.7', 'fe80::1', 'fe80::2%eth0', 'a-b.example.com'))
const hop = fc
  .oneof(word('abz019', 'abz019.-', 8), fc.constantFrom('me@gate:22', 'gate', '[fe80::1]:2222'))
  .filter((each) => each !== 'none')
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

const anySpec = fc
  .record({
    name: fc.tuple(word('abZ09é', 'abZ09._@:-', 10), fc.constantFrom('x', '7')).map(([start, end]) => start + end),
    host,
    port: optional(fc.integer({ min: 1, max: 65_535 })),
    user: optional(word('abz_', 'ab.@-\\', 6)),
    keyFiles: optional(fc.array(path, { maxLength: 3 })),
    auth: optional(fc.uniqueArray(fc.constantFrom('agent', 'key', 'password', 'keyboard-interactive'), { minLength: 1 })),
    jump: optional(fc.array(hop, { maxLength: 3 })),
    groups: fc.uniqueArray(label, { maxLength: 3 }),
    tags: fc.array(label, { maxLength: 3 }),
    notes: fc
      .oneof(fc.constant(''), fc.string({ unit: fc.constantFrom(...`${letters} ,;"'\n\t=+-@#:\\`.split('')), maxLength: 40 }))
      .filter((text) => text.trim() === text),
    folder: optional(path),
    nodeIp: optional(fc.constantFrom('10.1.2.3', 'fe80::7')),
    agentPort: optional(fc.integer({ min: 1, max: 65_535 })),
  })
  .map((record) => MachineSpec.parse(Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))))

/** Any machines that an inventory may hold together. */
export const anyMachines = fc.uniqueArray(anySpec, { maxLength: 8, selector: ({ name }) => name.normalize('NFC').toLowerCase() })
