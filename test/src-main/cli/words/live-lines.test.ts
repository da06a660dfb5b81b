import { expect, test } from 'vitest'
import { createLiveLines } from '#src-main/cli/words/live-lines.ts'

/** What a terminal shows after what was written: lines, with those two orders that we use carried out. */
function aScreen(more: { isTTY?: boolean; rows?: number } = {}) {
  let lines: string[] = ['']
  return {
    isTTY: more.isTTY ?? true,
    columns: 80,
    rows: more.rows ?? 24,
    write(text: string) {
      // oxlint-disable-next-line no-control-regex -- the orders that a terminal is given
      for (const part of text.replaceAll(/\u001b\[\?7[lh]/g, '').split(/(\r?\u001b\[\d+A\u001b\[J)/)) {
        // oxlint-disable-next-line no-control-regex -- as above
        const up = /\u001b\[(\d+)A/.exec(part)?.[1]
        if (up !== undefined) {
          lines = lines.slice(0, lines.length - 1 - Number(up))
          lines.push('')
        } else lines = [...lines.slice(0, -1), ...((lines.at(-1) ?? '') + part).split('\n')]
      }
    },
    get text() {
      return lines.join('\n')
    },
  }
}

test('lines are drawn over the last ones, and go when they are cleared', () => {
  const screen = aScreen()
  const live = createLiveLines(screen)
  screen.write('before\n')
  live.show(['one', 'two', 'three'])
  live.show(['1', '2'])
  expect(screen.text).toBe('before\n1\n2\n')
  live.clear()
  expect(screen.text).toBe('before\n')
})

test('they step aside for what else is written, and come back below it', () => {
  const screen = aScreen()
  const live = createLiveLines(screen)
  live.show(['working'])
  const comeBack = live.stepAside()
  live.show(['not now'])
  screen.write('said\n')
  comeBack()
  comeBack() // twice does no harm
  live.show(['working still'])
  expect(screen.text).toBe('said\nworking still\n')
})

test('no line breaks a row of its own, none more than the terminal has, and no order of a machine is carried out', () => {
  const screen = aScreen({ rows: 3 })
  createLiveLines(screen).show(['a\nb', '\u001b[2Jc', 'd'])
  expect(screen.text).toBe('a b\n\\u001b[2Jc\n')
})

test('on anything but a terminal nothing is drawn', () => {
  const screen = aScreen({ isTTY: false })
  const live = createLiveLines(screen)
  live.show(['one'])
  live.clear()
  expect([live.isLive, screen.text]).toEqual([false, ''])
})
