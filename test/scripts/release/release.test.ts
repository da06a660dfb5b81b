import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { oneAtATime } from '#test/support/lock.ts'
import { pidsOf } from '#test/support/processes-of.ts'
import { readText, repository } from '../../tidy/repository-files.ts'

type Manifest = { version: string; dependencies: Record<string, string>; optionalDependencies: Record<string, string> }
const manifest = JSON.parse(readText('package.json')) as Manifest // our own file
const { version } = manifest
const arch = process.arch

type Component = { name: string; type: string; group?: string; scope?: string; components?: Component[] }
type Outcome = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** A computer on which nothing is known: no variable, an empty home, and of programs what every system has, with the Node and npm of this run where wanted. */
class Stranger {
  readonly folder = mkdtempSync(join(tmpdir(), 'shoal-stranger-'))
  readonly home = join(this.folder, 'home')
  readonly env: Record<string, string>

  constructor({ withNode }: { withNode: boolean }) {
    const bin = join(this.folder, 'bin')
    mkdirSync(this.home)
    mkdirSync(bin)
    if (withNode) symlinkSync(process.execPath, join(bin, 'node'))
    for (const name of ['sh', 'tar', 'gzip', 'sha256sum', 'env', 'uname', 'ls', 'cat']) {
      const found = ['/usr/bin', '/bin'].map((each) => join(each, name)).find((path) => existsSync(path))
      if (found !== undefined) symlinkSync(found, join(bin, name))
    }
    this.env = { HOME: this.home, PATH: withNode ? `${bin}:/usr/bin:/bin` : `${bin}` }
  }

  run(command: string, ...args: readonly string[]): Outcome {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: this.folder, env: this.env, encoding: 'utf8', timeout: 120_000 })
    return { code: status, stdout, stderr }
  }

  /** Serves the panel and gives its page, and what its host says of itself. */
  async seePanel(shoal: string): Promise<{ page: string; exit: unknown; info: unknown }> {
    const panel = spawn(shoal, ['panel', '--no-open', '--json'], { cwd: this.folder, env: this.env, stdio: ['ignore', 'pipe', 'pipe'] })
    const exit = once(panel, 'exit')
    let said = ''
    let complaints = ''
    panel.stderr.on('data', (part: Buffer) => (complaints += part.toString()))
    panel.stdout.on('data', (part: Buffer) => (said += part.toString()))
    await expect.poll(() => said + complaints, { timeout: 60_000 }).toContain('\n')
    expect(complaints).toBe('')
    const { url } = JSON.parse(said) as { url: string } // what --json prints
    const page = await (await fetch(`${url}/`)).text()
    const info = JSON.parse(this.run(shoal, 'machine', 'list', '--json').stdout) as unknown // the second command finds the panel of the first
    panel.kill('SIGINT')
    return { page, exit: await exit, info }
  }

  [Symbol.dispose]() {
    for (const pid of pidsOf(this.folder)) process.kill(pid, 'SIGKILL') // of a test that failed
    rmSync(this.folder, { recursive: true, force: true })
  }
}

describe('a release', () => {
  const output = mkdtempSync(join(tmpdir(), 'shoal-release-'))
  const folder = join(output, version)
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  const server = `shoal-server-${version}-linux-${arch}`
  let said: string

  beforeAll(() => {
    oneAtATime(join(repository, 'dist', '.desktop-lock'), () =>
      execFileSync(process.execPath, ['scripts/build.mjs', 'runtime', 'panel', 'desktop'], { cwd: repository, stdio: 'pipe' }),
    )
    const words = ['scripts/release.mjs', '--dry-run', '--only', 'payloads,web,server', '--arch', arch, '--output', output]
    said = execFileSync(process.execPath, words, { cwd: repository, env: { ...process.env, SOURCE_DATE_EPOCH: '1795000000' } }).toString()
  }, 240_000)
  afterAll(() => rmSync(output, { recursive: true, force: true }))

  test('holds what was asked for, says how long each step took, what it left out, and how a person publishes it', () => {
    const made = [`shoal-${version}-linux-${arch}.tar.gz`, `shoal-${version}.tgz`, `${server}.tar.gz`, `shoal-${version}.cdx.json`]
    expect(readdirSync(folder).sort()).toEqual([...made, 'RELEASE-NOTES.md', 'SHA256SUMS'].sort())
    expect(said).toMatch(/\d s {2}2\/6 payloads for machines: done in \d/)
    expect(said).toMatch(/LEFT OUT shoal-server-\S+: its native parts are installed only on/)
    expect(said).toContain(`npm publish ${folder}/shoal-${version}.tgz`)
    expect(read('RELEASE-NOTES.md')).toContain('## Not in this release\n\n- shoal-server-')
  })

  test('has a checksum for every other file, which sha256sum finds right', () => {
    const { status, stdout } = spawnSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: folder, encoding: 'utf8' })
    expect(status).toBe(0)
    expect(stdout.trim().split('\n').length).toBe(readdirSync(folder).length - 1)
  })

  test('has a bill of materials with every package needed at run time, what is bundled, and the files of the payload', () => {
    const bill = JSON.parse(read(`shoal-${version}.cdx.json`)) as { components: Component[]; metadata: { timestamp: string } } // CycloneDX
    const names = bill.components.map(({ group, name }) => (group === undefined ? name : `${group}/${name}`))
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) expect(names).toContain(name)
    expect(names).toEqual(expect.arrayContaining(['react', 'uplot', 'electron']))
    expect(names).not.toContain('vitest')
    expect(bill.metadata.timestamp).toBe('2026-11-18T11:06:40.000Z')
    const payload = bill.components.find(({ name }) => name === `shoal-${version}-linux-${arch}.tar.gz`)
    expect(payload?.components?.map(({ name }) => name)).toEqual(expect.arrayContaining(['Node.js', 'koffi', 'bin/node', 'lib/head.mjs']))
  })

  test('has a payload that unpacks and runs', () => {
    using stranger = new Stranger({ withNode: false })
    expect(stranger.run('/bin/tar', '-xzf', join(folder, `shoal-${version}-linux-${arch}.tar.gz`)).stderr).toBe('')
    expect(stranger.run(join(stranger.folder, `shoal-${version}`, 'bin', 'shoal'), '--version').stdout).toContain(version)
  })

  test('has a server that runs where there is no Node: the panel with its page, and a cluster on this computer', async () => {
    using stranger = new Stranger({ withNode: false })
    expect(stranger.run('/bin/tar', '-xzf', join(folder, `${server}.tar.gz`)).stderr).toBe('')
    const there = join(stranger.folder, server)
    const shoal = join(there, 'bin', 'shoal')
    expect(stranger.run('/bin/sh', '-c', `cd ${server} && sha256sum -c --quiet SHA256SUMS`)).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(stranger.run(shoal, '--version').stdout).toContain(version)
    expect(await stranger.seePanel(shoal)).toMatchObject({ page: expect.stringContaining('<div id="root"></div>'), exit: [0, null] })
    stranger.env['PATH'] += ':/usr/bin:/bin' // a cluster asks the system what it is
    const tried = stranger.run(shoal, 'try', '--nodes', '1', '--json')
    try {
      expect(tried).toMatchObject({ code: 0, stdout: expect.stringContaining(' submitted') })
    } finally {
      stranger.run(shoal, 'cluster', 'down', 'local', '--yes')
    }
  }, 180_000)

  test('has a package that npm installs (skipped where no registry answers), and that serves the panel from there', async (context) => {
    using stranger = new Stranger({ withNode: true })
    const prefix = join(stranger.folder, 'prefix')
    const words = ['install', '--global', '--prefix', prefix, '--prefer-offline', '--ignore-scripts', '--no-audit', '--fetch-retries', '0']
    const npm = spawnSync('npm', [...words, join(folder, `shoal-${version}.tgz`)], { encoding: 'utf8', timeout: 150_000 })
    const unreachable = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED|ENETUNREACH/.exec(npm.stderr)?.[0]
    if (unreachable !== undefined) context.skip(`the registry does not answer: ${unreachable}`)
    expect(npm.status, npm.stderr).toBe(0)
    const shoal = join(prefix, 'bin', 'shoal')
    const installed = join(prefix, 'lib', 'node_modules', 'shoal')
    expect(stranger.run(shoal, '--version').stdout).toContain(version)
    expect(await stranger.seePanel(shoal)).toMatchObject({ page: expect.stringContaining('<div id="root"></div>'), exit: [0, null] })
    expect(readdirSync(join(installed, 'dist', 'payload'))).toContain(`shoal-${version}-linux-${arch}.tar.gz`)
    expect(readdirSync(join(installed, 'examples', 'samples'))).toEqual(readdirSync(join(repository, 'examples', 'samples')))
    expect(readFileSync(join(installed, 'THIRD-PARTY-NOTICES'), 'utf8')).toMatch(/^react-dom \d/m)

    // and a program in TypeScript finds the types of what it imports
    const project = join(stranger.folder, 'project')
    mkdirSync(join(project, 'node_modules'), { recursive: true })
    symlinkSync(installed, join(project, 'node_modules', 'shoal'))
    writeFileSync(join(project, 'package.json'), '{"type":"module"}')
    const program = "import * as shoal from 'shoal'\nexport const add = shoal.remote((a: number, b: number) => a + b)\n"
    writeFileSync(join(project, 'right.ts'), `${program}export const sum: Promise<number> = shoal.get(add.remote(1, 2))\n`)
    writeFileSync(join(project, 'wrong.ts'), `${program}export const sum: Promise<string> = shoal.get(add.remote(1, 2))\n`)
    const types = ['--typeRoots', join(repository, 'node_modules', '@types'), '--types', 'node']
    const tsc = [
      join(repository, 'node_modules', 'typescript', 'bin', 'tsc'),
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      ...types,
    ]
    const { stdout } = spawnSync(process.execPath, [...tsc, 'right.ts', 'wrong.ts'], { cwd: project, encoding: 'utf8' })
    expect(stdout.match(/^\w+\.ts\(\d+,\d+\): error TS\d+/gm)).toEqual([expect.stringMatching(/^wrong\.ts\(3,/)])
  }, 240_000)
})

/** Node with the panel's source tells the path of the Node that it was handed over to, if it was. */
test('on a Node without what the panel needs, its commands run on the one that is there for the cluster; others stay', () => {
  using stranger = new Stranger({ withNode: true })
  const wrapper = join(stranger.folder, 'newer-node')
  writeFileSync(wrapper, `#!/bin/sh\necho "handed over: $*" >&2\nexec '${process.execPath}' "$@"\n`)
  chmodSync(wrapper, 0o755)
  const pretence = join(stranger.folder, 'pretence.cjs')
  writeFileSync(
    pretence,
    `if (process.env.PRETEND) {
  delete process.env.PRETEND
  Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } })
}`,
  )
  Object.assign(stranger.env, { SHOAL_NODE: wrapper, NODE_OPTIONS: `--no-warnings --require ${pretence}` })
  const cli = join(repository, 'src-main', 'cli', 'main.ts')
  const shoal = (...words: readonly string[]) => stranger.run(process.execPath, cli, ...words)
  expect(shoal('machine', 'list', '--json')).toMatchObject({ code: 0, stderr: '' })
  stranger.env['PRETEND'] = '1'
  expect(shoal('machine', 'list', '--json')).toMatchObject({ code: 0, stderr: `handed over: ${cli} machine list --json\n` })
  expect(shoal('machine', 'nonsense')).toMatchObject({ code: 2, stderr: expect.stringContaining('handed over') })
  expect(shoal('--version')).toMatchObject({ code: 0, stderr: '' })
})
