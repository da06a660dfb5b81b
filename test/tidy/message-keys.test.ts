import { expect, test } from 'vitest'
import { findUnusedKeys } from './message-keys.ts'
import { listFiles, readText } from './repository-files.ts'

/** The page, and all that it may import. */
const pages = /^(src-renderer|src-main\/contract|runtime\/(api|base))\/.*\.tsx?$/

const texts = `export const messages = defineMessages({ title: 'Jobs', 'not-here': 'gone' }, { title: 'ジョブ', 'not-here': '不在' })`
const unusedWith = (more: Readonly<Record<string, string>>) =>
  findUnusedKeys(new Map(Object.entries({ 'src-renderer/jobs/messages.ts': texts, ...more })))
const asker = (code: string) => `import { messages } from './messages.ts'\nconst t = useText(messages)\n${code}`

test('every text of the page is asked for', () => {
  const sources = new Map(
    listFiles()
      .filter((path) => pages.test(path))
      .map((path) => [path, readText(path)]),
  )
  expect([...sources.values()].filter((source) => source.includes('= defineMessages(')).length).toBeGreaterThan(20)
  expect(findUnusedKeys(sources)).toEqual([])
})

test('a text that nothing asks for is noticed', () => {
  expect(unusedWith({ 'src-renderer/jobs/page.tsx': asker(`export const page = <h1>{t('title')}</h1>`) })).toEqual([
    'src-renderer/jobs/messages.ts: not-here',
  ])
})

test('who does not import the texts does not ask for them', () => {
  expect(unusedWith({ 'src-renderer/tasks/page.tsx': `export const page = ['title', 'not-here']` })).toHaveLength(2)
})

test('a text is asked for by a choice, by a template, and by a word whose type is written elsewhere', () => {
  expect(unusedWith({ 'src-renderer/jobs/page.tsx': asker(`export const page = t(isHere ? 'title' : 'not-here')`) })).toEqual([])
  expect(unusedWith({ 'src-renderer/jobs/page.tsx': asker('export const page = [t(`${part}tle`), t(`not-${place}`)]') })).toEqual([])
  expect(
    unusedWith({
      'src-renderer/jobs/page.tsx': asker(`import type { Word } from '../words.ts'\nexport const page = (word: Word) => t(word)`),
      'src-renderer/words.ts': `export type { Word } from './deeper.ts'`,
      'src-renderer/deeper.ts': `export type Word = 'title' | 'not-here'`,
    }),
  ).toEqual([])
})
