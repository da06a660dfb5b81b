import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest'
import { toError } from '#runtime/base/errors.ts'
import { whyNoBed } from '#test/support/bed/bed.ts'
import { repository } from '../tidy/repository-files.ts'
import { ExampleCluster, type JobEnd } from './example-cluster.ts'
import { ExampleFolder } from './example-folder.ts'

const missing = whyNoBed()
const names = ['hyper-parameter-search', 'image-work', 'monte-carlo', 'parameter-server', 'python-script', 'shell', 'word-count']

test('every folder of examples is run here', () => {
  const folders = readdirSync(join(repository, 'examples'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(folders.map(({ name }) => name).filter((name) => name !== 'samples')).toEqual(names)
})

describe.skipIf(missing !== undefined)(
  `examples as jobs of a cluster over SSH${missing === undefined ? '' : ` (skipped: no ${missing})`}`,
  () => {
    let cluster: ExampleCluster
    const parent = mkdtempSync(join(tmpdir(), 'shoal-examples-'))
    const folders = new Map<string, ExampleFolder | Error>()
    beforeAll(async () => {
      const making = ExampleCluster.make()
      making.catch(() => {}) // awaited below
      for (const name of names) folders.set(name, await ExampleFolder.make(name, parent).catch(toError))
      cluster = await making
    }, 300_000)
    afterAll(async () => {
      await cluster?.close()
      rmSync(parent, { recursive: true, force: true })
    })

    /** The copy of the example; without the registry of npm the test is skipped, with npm's words. */
    function folderOf(name: string, context: TestContext): ExampleFolder {
      const folder = folders.get(name)
      if (folder instanceof ExampleFolder) return folder
      return context.skip(`the packages of examples/${name} cannot be installed: ${folder?.message}`)
    }
    const succeeded = ({ code, text, lines }: JobEnd): readonly string[] => {
      expect({ code, text: code === 0 ? '' : text }).toEqual({ code: 0, text: '' })
      return lines
    }
    /** Without what differs from run to run. */
    const settled = (text: string) => text.split('\n').filter((line) => !line.startsWith('took ') && line !== '')

    test('hyper-parameter-search: all nodes take part, and the best forest is the one that plain Node finds', {
      timeout: 180_000,
    }, async (context) => {
      const folder = folderOf('hyper-parameter-search', context)
      const words = ['main.ts', '--folds', '2']
      const lines = succeeded(await cluster.job('--working-dir', folder.path, '--', 'node', ...words))
      const plain = settled(await folder.run('plain.ts', '--folds', '2'))
      expect(plain.length).toBe(12)
      const from = lines.indexOf(plain[0] ?? '')
      expect(
        lines
          .slice(from)
          .filter((line) => line !== '')
          .slice(0, plain.length),
      ).toEqual(plain)
      const accuracy = Number(/^best: .*: ([\d.]+) % right$/m.exec(lines.join('\n'))?.[1])
      expect(accuracy).toBeGreaterThan(90)
      const onNodes = [...(lines.find((line) => line.startsWith('on n1: ')) ?? '').matchAll(/(n\d): (\d+)/g)]
      expect(onNodes.map(([, node]) => node)).toEqual(['n1', 'n2', 'n3'])
      expect(onNodes.reduce((sum, [, , count]) => sum + Number(count), 0)).toBe(108)
    })

    test('word-count: counts and lookups are those of plain Node', { timeout: 180_000 }, async (context) => {
      const folder = folderOf('word-count', context)
      const words = ['railroad', 'internet', 'shoal', 'blockchain']
      const lines = succeeded(await cluster.job('--working-dir', folder.path, '--', 'node', 'main.ts', ...words))
      const plain = settled(await folder.run('plain.ts', ...words))
      expect(plain).toContainEqual(expect.stringMatching(/^1,803,699 words, 28,369 different ones$/))
      expect(plain.at(-1)).toBe('    blockchain nowhere')
      const from = lines.indexOf(plain[0] ?? '')
      expect(settled(lines.slice(from).join('\n')).slice(0, plain.length)).toEqual(plain)
    })

    test('image-work: pictures of the stated size lie where they were asked for', { timeout: 120_000 }, async (context) => {
      const folder = folderOf('image-work', context)
      const lines = succeeded(await cluster.job('--working-dir', folder.path, '--', 'node main.ts --size 120 --out ~/pictures'))
      const thumbnails = lines.filter((line) => / → 120 x 120, +[\d.]+ kB, on n[123]$/.test(line))
      expect(thumbnails).toHaveLength(8)
      expect(lines).toContainEqual(
        expect.stringMatching(/^contact-sheet\.jpg: 520 x 264, .*, with 8 thumbnails in \/home\/user\/pictures on n1$/),
      )
      const host = cluster.bed.host('n1')
      const picture = (name: string) => sizeOfJpeg(Buffer.from(host.run(`base64 /home/user/pictures/${name}.jpg`), 'base64'))
      expect(picture('contact-sheet')).toEqual({ width: 520, height: 264 })
      expect(picture('nagasaki-boats')).toEqual({ width: 120, height: 120 })
      expect(host.run('ls /home/user/pictures').trim().split('\n')).toHaveLength(9)
    })

    test('parameter-server: training goes on after a worker and the server were killed', { timeout: 120_000 }, async (context) => {
      const { path } = folderOf('parameter-server', context)
      const lines = succeeded(await cluster.job('--working-dir', path, '--', 'node', 'main.ts', '--rounds', '240'))
      expect(lines).toContain('round 100: a worker is killed')
      expect(lines).toContain('round 215: the server is killed')
      expect(lines).toContainEqual(
        expect.stringMatching(/^round 21[5-9]: the server was lost \([\w ]+\): going on from the checkpoint of round 200$/),
      )
      const losses = numbersIn(lines, /^round +\d+: loss ([\d.]+)/)
      expect(losses).toHaveLength(13)
      expect(losses).toEqual(losses.toSorted((one, other) => other - one))
      expect(losses.at(-1)).toBeLessThan(0.15)
      expect(Number(/240 rounds: ([\d.]+) % of 5000 unseen/.exec(lines.join('\n'))?.[1])).toBeGreaterThan(95)
    })

    test('monte-carlo: progress is told while it goes on, as tasks too, and the estimate is that of plain Node', {
      timeout: 120_000,
    }, async (context) => {
      const folder = folderOf('monte-carlo', context)
      const words = ['--darts', '4000000', '--tasks', '40']
      const lines = succeeded(await cluster.job('--working-dir', folder.path, '--', 'node', 'main.ts', ...words))
      const shares = numbersIn(lines, /^\[[#.]{30}\] +(\d+) % {2}π ≈ /)
      expect(shares.length).toBeGreaterThan(5)
      expect(shares.at(-1)).toBe(100)
      expect(shares).toEqual(shares.toSorted((one, other) => one - other))
      const [plain = ''] = settled(await folder.run('plain.ts', ...words))
      expect(lines).toContain(plain)
      const [, estimate, within] = /^4,000,000 darts: π ≈ ([\d.]+) ± ([\d.]+)$/.exec(plain) ?? []
      expect(Math.abs(Number(estimate) - Math.PI)).toBeLessThan(2 * Number(within))
      const summary = succeeded(await cluster.job('--', 'shoal summary tasks'))
      expect(summary.join('\n')).toMatch(/throwDarts.*\b40\b/)
    })

    test('python-script: its package is installed for it', { timeout: 120_000 }, async (context) => {
      const { path } = folderOf('python-script', context)
      const wheels = join(path, 'wheels')
      mkdirSync(wheels)
      try {
        execFileSync('python3', ['-m', 'pip', 'download', '--no-deps', '-q', '-d', wheels, 'humanize==4.12.3'], { stdio: 'pipe' })
      } catch (error) {
        context.skip(`humanize cannot be had from PyPI: ${toError(error).message}`)
      }
      // The machines have no way to PyPI: the package lies there already, as on a machine with a mirror.
      const [wheel = ''] = readdirSync(wheels)
      cluster.bed.host('n1').put(join(wheels, wheel), `/home/user/wheels/${wheel}`)
      const options = { pip_install_options: ['--no-index', '--find-links', '/home/user/wheels'] }
      writeFileSync(join(path, 'here.json'), JSON.stringify({ pip: { packages: ['humanize==4.12.3'], ...options } }))
      const words = ['--working-dir', path, '--runtime-env', join(path, 'here.json'), '--', 'python', 'main.py', '.']
      const lines = succeeded(await cluster.job(...words))
      expect(lines).toContainEqual(expect.stringMatching(/^humanize 4\.12\.3 on Python 3\.\d+\.\d+, on n1$/))
      expect(lines).toContainEqual(expect.stringMatching(/^\.: \d+ files, [\d.]+ (KiB|MiB)$/))
    })

    test('shell: a script tells of its machine and of the cluster', { timeout: 60_000 }, async (context) => {
      const { path } = folderOf('shell', context)
      const lines = succeeded(await cluster.job('--working-dir', path, '--', 'sh report.sh 3'))
      expect(lines).toContainEqual(expect.stringMatching(/^ {5}machine {2}n1, Linux /))
      expect(lines.filter((line) => / MiB {2}\/usr\/lib\//.test(line))).toHaveLength(3)
      expect(lines).toContain('3 nodes, and all is well')
    })

    test('what uses packages has the types right', { timeout: 120_000 }, (context) => {
      const [search, images] = [folderOf('hyper-parameter-search', context), folderOf('image-work', context)]
      const settings = {
        extends: join(repository, 'tsconfig.json'),
        compilerOptions: {
          paths: { shoal: [join(repository, 'runtime/sdk/index.ts')] },
          typeRoots: [join(repository, 'node_modules/@types')],
        },
        include: [`${search.path}/*.ts`, `${images.path}/*.ts`],
        exclude: [],
      }
      const file = join(search.path, 'tsconfig.json')
      writeFileSync(file, JSON.stringify(settings))
      const compiler = join(repository, 'node_modules/typescript/bin/tsc')
      const { status, stdout } = spawnSync(process.execPath, [compiler, '--noEmit', '-p', file], { encoding: 'utf8' })
      expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
    })
  },
)

/** What the first group of `pattern` holds, of the lines that it matches. */
const numbersIn = (lines: readonly string[], pattern: RegExp): number[] =>
  lines.flatMap((line) => {
    const found = pattern.exec(line)?.[1]
    return found === undefined ? [] : [Number(found)]
  })

/** Of the frame header of a JPEG: its segments come one after the other, each with its length. */
function sizeOfJpeg(bytes: Buffer): { width: number; height: number } {
  expect(bytes.readUInt16BE(0)).toBe(0xffd8)
  for (let at = 2; at < bytes.length; at += 2 + bytes.readUInt16BE(at + 2)) {
    const marker = bytes.readUInt8(at + 1)
    if (marker >= 0xc0 && marker <= 0xc2) return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) }
  }
  throw new Error('no frame in the JPEG')
}
