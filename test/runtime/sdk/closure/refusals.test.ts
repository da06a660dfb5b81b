import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixtures, ownNode, node24, openWorkshop, runProgram, type Workshop } from './programs.ts'

const expected: Record<string, RegExp> = {
  'a Promise':
    /^function\.not-portable cannot ship function( prom| a Promise)? to a worker: .* captures 'prom': a Promise cannot be copied to another process/,
  'a WeakMap': /captures 'weak': a WeakMap cannot be copied to another process/,
  'a WeakSet': /captures 'weakSet': a WeakSet cannot be copied/,
  'a WeakRef': /captures 'weakRef': a WeakRef cannot be copied/,
  'a Proxy': /captures 'proxy': a Proxy cannot be copied/,
  'a running generator': /captures 'running': a running generator cannot be copied/,
  'a server': /captures 's': holds an open Server \(a process-local handle\); create it inside the function/,
  'a stream': /captures 'stream': holds an open PassThrough/,
  'a timer': /captures 'timer': holds an open Timeout/,
  'an abort controller': /captures 'controller': holds an open AbortController/,
  'a unique symbol': /captures 'unique': a unique symbol Symbol\(u\) has no identity in another process; use Symbol\.for\(\)/,
  'a path into data': /captures 'deep\.list\[0\]\.handle': a Promise/,
  'a path through functions': /function outermost to a worker: outermost -> middle captures 'prom': a Promise/,
  'an arrow function with this': /uses the 'this' of the place it was written in; use a local variable \(const self = this\) or a function/,
  'an arrow function with arguments': /uses the 'arguments' of the place it was written in/,
  'super of an object literal': /hi uses 'super' of an object literal or method; ship the class instead/,
  'import.meta': /uses import\.meta, which belongs to its own module/,
  'a name that does not exist': /captures 'nosuchvar': not found in any enclosing scope/,
  'a class that was patched': /-> Patched: 'later' was added to the prototype of class Patched after its declaration/,
  'a class with a replaced method': /-> Replaced: 'a' was added to the prototype of class Replaced/,
  'a stream of the process': /captures 'stdout': holds an open (WriteStream|Socket|SyncWriteStream)/,
  'a message port': /captures 'port1': holds an open MessagePort/,
  'a variable before its declaration': /captures 'lateConstant': is used before its declaration was evaluated/,
  'a native function': /is native code of this process/,
}

let workshop: Workshop
beforeAll(() => {
  workshop = openWorkshop()
})
afterAll(() => workshop.dispose())

describe.each([
  { name: 'Node 24', node: node24, flags: [] },
  { name: "tsx on the driver's Node", node: ownNode, flags: ['--import', 'tsx'] },
])('what cannot travel is refused on $name', ({ node, flags }) => {
  let messages: Record<string, string>
  beforeAll(async () => {
    const output = await runProgram(node, [...flags, join(fixtures, 'refuse.mjs'), workshop.library, join(fixtures, 'refused.ts')])
    messages = JSON.parse(output) as Record<string, string> // written by refuse.mjs
  })

  test.each(Object.entries(expected))('%s', (name, message) => {
    expect(messages[name]).toMatch(message)
  })

  test('no case of the program is left out here', () => {
    expect(Object.keys(messages).sort()).toEqual(Object.keys(expected).sort())
  })
})
