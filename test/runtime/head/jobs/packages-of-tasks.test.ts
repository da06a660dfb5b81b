import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { uploadPackage } from '#runtime/cli/packages/upload-package.ts'
import { JobCluster } from './job-cluster.ts'

// Two nodes of this machine, each with a folder of its own: the job's package lies at another path on each. That a task took its own
// node's copy, and not the one of the program, shows in the path that the module says of itself.
let jobs: JobCluster
const root = mkdtempSync(join(tmpdir(), 'shoal-packages-'))
beforeAll(async () => {
  jobs = await JobCluster.start({ nodes: [{ cpus: 1 }, { cpus: 1, resources: { far: 1 } }] })
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const silent = { print: () => {}, warn: () => {}, isJson: false, isInteractive: false, onInterrupt: () => {} }

async function runFolder(files: Record<string, string>): Promise<string> {
  const folder = mkdtempSync(join(root, 'job-'))
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  const working_dir = await uploadPackage(jobs.api, { path: folder, excludes: [], isModule: false }, silent)
  const job = await jobs.ended(await jobs.submit({ entrypoint: 'node main.ts', runtime_env: { working_dir } }))
  expect({ status: job.status, log: job.log }).toMatchObject({ status: 'SUCCEEDED' })
  return job.log
}

const start = `
import * as shoal from 'shoal'
await shoal.init()
const far = { resources: { far: 0.1 } }
`
/** `modern` says the file that it is in as `where`, `older` too. */
const modern = { 'node_modules/modern/package.json': '{"name":"modern","type":"module","exports":"./index.js"}' }
const older = {
  'node_modules/older/package.json': '{"name":"older","main":"index.js"}',
  'node_modules/older/index.js':
    'exports.where = __filename; exports.triple = (x) => 3 * x; exports.Point = class Point { constructor(x) { this.x = x } }',
}

test('a task on another node imports the packages that went along with the job, of both kinds', async () => {
  const log = await runFolder({
    ...modern,
    ...older,
    'node_modules/modern/index.js': 'export const where = import.meta.url; export const double = (x) => 2 * x',
    'main.ts': `${start}
import { double, where } from 'modern'
import older from 'older'
import { sum } from './inner.ts'
const task = shoal.remote((x: number) => ({ value: sum(double(x), older.triple(x)), files: [where, older.where] }), far)
const { value, files } = await shoal.get(task.remote(7))
console.log(value, 'modern', files[0] === where, 'older', files[1] === older.where)
`,
    'inner.ts': "import { double } from 'modern'\nexport const sum = (x: number, y: number) => double(x) + y",
  })
  expect(log).toContain('49 modern false older false')
})

test('an import() inside a task finds them as well', async () => {
  const log = await runFolder({
    ...modern,
    'node_modules/modern/index.js': 'export const where = import.meta.url',
    'main.ts': `${start}
const task = shoal.remote(async () => (await import('modern')).where, far)
console.log('imported', await shoal.get(task.remote()) === (await import('modern')).where)
`,
  })
  expect(log).toContain('imported false')
})

test('a value of a class of such a package comes back as one, and tasks of tasks find the package too', async () => {
  const log = await runFolder({
    ...older,
    'main.ts': `${start}
import older from 'older'
const inner = shoal.remote((x: number) => new older.Point(older.triple(x)))
const outer = shoal.remote(async (x: number) => ({ point: await shoal.get(inner.remote(x)), isHere: older.where === whereHere }), far)
const whereHere = String(older.where)
const { point, isHere } = await shoal.get(outer.remote(5))
console.log('point', point instanceof older.Point, point.x, isHere)
`,
  })
  expect(log).toContain('point true 15 false')
})

test('an actor on another node has them, and a second job with other content has its own', async () => {
  const program = `${start}
import { name, where } from 'modern'
const whereHere = String(where)
const Sayer = shoal.actor(class Sayer { say() { return name + (where === whereHere ? ' here' : ' away') } }, far)
console.log('says', await shoal.get(Sayer.remote().say.remote()))
`
  for (const name of ['first', 'second']) {
    const log = await runFolder({
      ...modern,
      'node_modules/modern/index.js': `export const where = import.meta.url; export const name = '${name}'`,
      'main.ts': program,
    })
    expect(log).toContain(`says ${name} away`)
  }
})
