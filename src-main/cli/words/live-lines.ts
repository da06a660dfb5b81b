import { shownText } from '../../../runtime/base/shown-text.ts'

/** Lines at the bottom of a terminal that are drawn over themselves. On anything else nothing is drawn. */
export type LiveLines = {
  /** False: the stream is no terminal, and what happens must be said line by line. */
  readonly isLive: boolean
  /** Draws these in place of the last ones. */
  show(lines: readonly string[]): void
  /** Takes them off the screen. */
  clear(): void
  /** Takes them off while something else writes; they come back with the next `show` after the function that comes back ran. */
  stepAside(): () => void
}

type Screen = Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'rows'> & { write(text: string): unknown }

const noWrap = '\u001b[?7l'
const wrap = '\u001b[?7h'
const clearBelow = '\u001b[J'

export function createLiveLines(screen: Screen): LiveLines {
  const isLive = screen.isTTY === true && process.env['TERM'] !== 'dumb'
  let drawn = 0
  let aside = 0
  /** To the first of the drawn lines, and away with what stands there. */
  const back = (): string => (drawn === 0 ? '' : `\r\u001b[${drawn}A${clearBelow}`)
  const clear = () => {
    if (drawn > 0) screen.write(back())
    drawn = 0
  }
  return {
    isLive,
    show(lines) {
      if (!isLive || aside > 0) return
      const shown = lines.slice(0, Math.max(1, screen.rows - 1)).map((line) => shownText(line.replaceAll(/[\r\n\t]/g, ' ')))
      screen.write(`${back()}${noWrap}${shown.map((line) => `${line}\n`).join('')}${wrap}`)
      drawn = shown.length
    },
    clear,
    stepAside() {
      clear()
      aside += 1
      let isBack = false
      return () => {
        if (!isBack) aside -= 1
        isBack = true
      }
    },
  }
}
