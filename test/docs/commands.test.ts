import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { repository } from '../tidy/repository-files.ts'
import { findScriptFault, findUnknownName, findUsageFault, wordsOfShoal } from './check-command.ts'
import { allPages, documentation, inlineCode, type Page, parsePage } from './pages.ts'
import { commandsOf, splitCommands } from './shell-lines.ts'

/** A folder of a user with the files that commands of the documentation name. */
const folder = mkdtempSync(join(tmpdir(), 'shoal-commands-'))
const before = process.cwd()
beforeAll(() => {
  for (const name of ['hosts.txt', 'main.ts', 'program.ts', 'train.py', 'cluster.yaml', 'token', 'inventory.csv']) {
    writeFileSync(join(folder, name), 'user@10.0.0.1\n')
    chmodSync(join(folder, name), 0o600)
  }
  writeFileSync(join(folder, 'runtime-env.json'), '{}')
  mkdirSync(join(folder, 'wheels'))
  for (const name of ['examples', 'docs', 'test', 'scripts']) symlinkSync(join(repository, name), join(folder, name))
  process.chdir(folder)
})
afterAll(() => {
  process.chdir(before)
  rmSync(folder, { recursive: true, force: true })
})

/** `<id>` and `…` stand for something that is there. */
const withoutPlaceholders = (words: readonly string[]): string[] =>
  words.map((word) => {
    if (/^(?:[0-9A-F]{2}:)+…$/.test(word)) return 'AB'.repeat(32) // a fingerprint, cut short
    return word.replace(/^(?:<[^<>]+>|…)$/, 'abc123').replace(/<[^<>]+>|…/g, 'x')
  })

async function findFaults({ blocks }: Page): Promise<string[]> {
  const faults: string[] = []
  for (const block of blocks) {
    const isShell = ['sh', 'bash', 'shell', 'console'].includes(block.language)
    for (const { at, words } of isShell
      ? commandsOf(block)
      : commandsOf({ ...block, lines: block.lines.map((line) => (/^\s*(\$ )?shoal /.test(line) ? line : '')) })) {
      const own = wordsOfShoal(words)
      const fault = own ? await findUsageFault(withoutPlaceholders(own)) : findScriptFault(words)
      if (typeof fault === 'string') faults.push(`${at} ${words.join(' ')}: ${fault}`)
      if (fault === null && block.notRun === undefined)
        faults.push(`${at} ${words.join(' ')}: neither shoal nor npm, so nothing tries it; say <!-- not run: why --> before the block`)
    }
  }
  return faults
}

async function findFaultsInText(page: Page): Promise<string[]> {
  const faults: string[] = []
  for (const { at, code } of inlineCode(page)) {
    for (const words of /^(shoal |npm run )/.test(code) ? splitCommands(code) : []) {
      const own = wordsOfShoal(words)
      const fault = own ? await findUnknownName(own) : words[0] === 'npm' ? findScriptFault(words) : undefined
      if (typeof fault === 'string') faults.push(`${at} \`${code}\`: ${fault}`)
    }
  }
  return faults
}

describe('commands that pages name', () => {
  test('each command line of a code block is one that the command line takes, with files that exist', async () => {
    const pages = documentation()
    expect((await Promise.all(pages.map(findFaults))).flat()).toEqual([])
    expect(pages.flatMap(({ blocks }) => blocks.flatMap(commandsOf)).filter(({ words }) => wordsOfShoal(words)).length).toBeGreaterThan(40)
  })

  test('each command that is mentioned in the text exists, with its flags', async () => {
    expect((await Promise.all(allPages().map(findFaultsInText))).flat()).toEqual([])
  })
})

describe('what is planted is noticed', () => {
  test('commands, flags, values, scripts and files that do not exist', async () => {
    const lines = [
      '```sh',
      'shoal clutser status lab   # a comment',
      'FOO=1 shoal start --haed && shoal job submit -- ls',
      'x=$(shoal list taks) | shoal cluster drain lab --whithin 5m \\',
      '  --yes',
      'npm run nothing; npm run -s shoal -- list tasks -f state=FAILED',
      'node scripts/gone.mjs > out.txt',
      'ray status',
      'shoal cluster job lab -- sh -c "shoal nothing"',
      '```',
      'See `shoal cluster retri OPERATION`, `shoal job submit --privority 3`, `shoal why ID` and `shoal cluster …`.',
    ]
    const page = parsePage('docs/page.md', lines.join('\n'))
    const faults = [...(await findFaults(page)), ...(await findFaultsInText(page))]
    expect(faults.map((fault) => fault.split(' ')[0])).toEqual([2, 3, 4, 4, 6, 7, 8, 11, 11].map((line) => `docs/page.md:${line}`))
    expect(faults.join('\n')).toMatch(/did you mean cluster[^]*did you mean --head[^]*no script nothing[^]*say <!-- not run/)
  })

  test('a block that says why it is not run may name other programs', async () => {
    const page = parsePage('docs/page.md', '<!-- not run: it wants Ray,\nwhich is not here -->\n\n```sh\nray status\n```')
    expect(page.blocks[0]?.notRun).toBe('it wants Ray, which is not here')
    expect(await findFaults(page)).toEqual([])
  })
})
