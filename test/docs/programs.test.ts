import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { repository } from '../tidy/repository-files.ts'
import { type Block, documentation, parsePage, tell } from './pages.ts'
import { findUntrueResults, isProgram, type Program, type Run, runAlone, runTogether, writePrograms } from './programs.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-documentation-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What the compiler says of files of the folder, line by line, with the places in the pages. */
function compile(programs: readonly Program[], where: string): string[] {
  const settings = {
    extends: join(repository, 'tsconfig.json'),
    compilerOptions: {
      paths: { shoal: [join(repository, 'runtime/sdk/index.ts')] },
      typeRoots: [join(repository, 'node_modules/@types')],
      noUnusedLocals: false,
      noUnusedParameters: false,
      allowJs: true,
    },
    include: [`${where}/**/*.md.*`],
    exclude: [],
  }
  writeFileSync(join(where, 'tsconfig.json'), JSON.stringify(settings))
  const compiler = join(repository, 'node_modules/typescript/bin/tsc')
  const { stdout } = spawnSync(process.execPath, [compiler, '--noEmit', '--pretty', 'false', '-p', join(where, 'tsconfig.json')], {
    encoding: 'utf8',
    cwd: where,
  })
  return stdout.split('\n').flatMap((line) => {
    const [, file = '', at = '', what] = /^(?:.*\/)?([\w.-]+\.md\.\d+\.[jt]s)\((\d+),\d+\): (.*)$/.exec(line) ?? []
    const program = programs.find((each) => each.file === file)
    if (!program) return line.trim() === '' || line.startsWith(' ') ? [] : [line]
    return [`${program.block.page}:${program.block.line + Number(at) - 1} ${what}`]
  })
}

describe('programs of the documentation', () => {
  const blocks = documentation().flatMap((page) => page.blocks.filter(isProgram))
  const left = blocks.filter(({ notRun }) => notRun !== undefined)
  const run: Block[] = blocks.filter(({ notRun }) => notRun === undefined)
  const programs = writePrograms(run, join(folder, 'run'))
  let outcome: Run
  beforeAll(async () => {
    tell(
      `${run.length} programs of the documentation are run; not run:${left.map(({ at, notRun }) => `\n  ${at}: ${notRun}`).join('') || ' none'}`,
    )
    const alone = programs.filter(({ hasOwnCluster }) => hasOwnCluster)
    const runs = [
      await runTogether(
        programs.filter(({ hasOwnCluster }) => !hasOwnCluster),
        join(folder, 'run'),
      ),
    ]
    for (const program of alone) runs.push(await runAlone(program, join(folder, 'run')))
    outcome = { printed: runs.flatMap(({ printed }) => printed), failures: new Map(runs.flatMap(({ failures }) => [...failures])) }
  }, 600_000)

  test('every one passes the type check, those that are not run too', { timeout: 180_000 }, () => {
    const kept = writePrograms(left, join(folder, 'run', 'left'))
    expect(compile([...programs, ...kept], join(folder, 'run'))).toEqual([])
  })

  test.each(programs.map((program) => [program.block.at, program] as const))(
    '%s runs to its end and prints what it says',
    (_at, program) => {
      expect(outcome.failures.get(program.file) ?? 'it ran').toBe('it ran')
      expect(findUntrueResults(program, outcome.printed)).toEqual([])
    },
  )
})

describe('what is planted is noticed', () => {
  const planted = [
    '```ts',
    'console.log(1 + 1) // 3',
    'const total: number = "text"',
    'for (const x of [1, 2]) console.log(x) // 1, …',
    'for (const x of [1, 2]) console.log(x) // 1',
    'if (total === undefined) console.log(1) // 1',
    '```',
    '```ts',
    'throw new Error("broken")',
    '```',
  ]
  const where = join(folder, 'planted')
  const programs = writePrograms(parsePage('docs/page.md', planted.join('\n')).blocks, where)

  test('a result that is not true, and a program that throws', { timeout: 180_000 }, async () => {
    const { printed, failures } = await runTogether(programs, where)
    expect(programs.flatMap((program) => findUntrueResults(program, printed))).toEqual([
      'docs/page.md:2 says that it prints 3, and it printed 2',
      'docs/page.md:5 says that it prints 1, and it printed 1, 2',
      'docs/page.md:6 says that it prints 1, and it printed nothing',
    ])
    expect([...failures.keys()]).toEqual(['docs.page.md.9.ts'])
  })

  test('a type that does not fit', { timeout: 180_000 }, () => {
    expect(compile(programs, where)).toEqual([expect.stringMatching(/^docs\/page\.md:3 error TS2322: /)])
  })
})
