import type { MenuItemConstructorOptions } from 'electron'
import { expect, test } from 'vitest'
import { type MenuActions, type MenuFacts, menuTemplate } from '#src-main/electron/menu.ts'
import { wordsIn } from '#src-main/electron/words.ts'

type Item = MenuItemConstructorOptions

function menuOf(facts: Partial<MenuFacts> = {}) {
  const done: string[] = []
  const note =
    (name: string) =>
    (...values: unknown[]) =>
      void done.push(
        [name, ...values.map((value) => JSON.stringify(value)).filter((text) => text !== undefined && text !== '{}')].join(' '),
      )
  const names = [
    'command',
    'goInCluster',
    'newWindow',
    'reload',
    'history',
    'zoom',
    'showLog',
    'lookForUpdate',
    'restartToUpdate',
    'quit',
  ] as const
  const actions = Object.fromEntries(names.map((name) => [name, note(name)])) as unknown as MenuActions // one for each name
  const template = menuTemplate(
    { words: wordsIn('en'), isMac: false, theme: 'system', hasDeveloperTools: false, hasUpdates: false, update: undefined, ...facts },
    actions,
  )
  const items = (all: readonly Item[]): Item[] => all.flatMap((item) => [item, ...(Array.isArray(item.submenu) ? items(item.submenu) : [])])
  const all = items(template)
  const click = (label: string) => {
    const item = all.find((each) => each.label === label)
    item?.click?.({} as never, undefined, {} as never) // ours look at none of these
    return done.at(-1)
  }
  return { template, all, click }
}

test('every item says what it does in both languages, and none is without a use', () => {
  for (const language of ['en', 'ja'] as const)
    for (const isMac of [true, false]) {
      const { all } = menuOf({ words: wordsIn(language), isMac, update: '2.0.0', hasDeveloperTools: true })
      const real = all.filter(({ type }) => type !== 'separator')
      expect(real.filter(({ label }) => !label)).toEqual([])
      expect(real.filter(({ click, role, submenu }) => !click && !role && !submenu)).toEqual([])
    }
})

test.each([true, false])('no key stands for two things (macOS: %s)', (isMac) => {
  const { all } = menuOf({ isMac, update: '2.0.0' })
  const keys = all.flatMap(({ accelerator }) =>
    accelerator === undefined ? [] : [String(accelerator).replace('CommandOrControl', isMac ? 'Command' : 'Control')],
  )
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([])
})

test.each([
  ['New window', 'newWindow'],
  ['New cluster…', 'command {"go":"/clusters/new"}'],
  ['Submit a job…', 'goInCluster "submit"'],
  ['Settings…', 'command {"go":"/settings"}'],
  ['Search or do…', 'command {"open":"palette"}'],
  ['Keyboard', 'command {"open":"shortcuts"}'],
  ['Dark', 'command {"theme":"dark"}'],
  ['Larger', 'zoom 1'],
  ['Back', 'history -1'],
  ['Jobs', 'goInCluster "jobs"'],
  ['Machines', 'command {"go":"/machines"}'],
])('%s does: %s', (label, done) => {
  expect(menuOf().click(label)).toBe(done)
})

test('developer tools, and a restart to update, are offered only where there are such', () => {
  const labels = (facts: Partial<MenuFacts>) => menuOf(facts).all.map(({ label }) => label)
  expect(labels({})).not.toContain('Developer tools')
  expect(labels({ hasDeveloperTools: true })).toContain('Developer tools')
  expect(labels({}).some((label) => label?.startsWith('Restart'))).toBe(false)
  expect(labels({})).not.toContain('Look for a newer version')
  expect(menuOf({ hasUpdates: true }).click('Look for a newer version')).toBe('lookForUpdate')
  expect(menuOf({ hasUpdates: true, update: '2.0.0' }).click('Restart to update to 2.0.0')).toBe('restartToUpdate')
})

test('the theme that is chosen is the one with the mark', () => {
  const marked = menuOf({ theme: 'light' }).all.filter(({ checked }) => checked === true)
  expect(marked.map(({ label }) => label)).toEqual(['Light'])
})
