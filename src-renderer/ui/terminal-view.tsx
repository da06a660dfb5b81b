import { FitAddon } from '@xterm/addon-fit'
import { Terminal } from '@xterm/xterm'
import '@xterm/xterm/css/xterm.css'
import { useEffect, useEffectEvent, useRef } from 'react'
import { themeEvent } from '../util/theme.ts'

export type TerminalHandle = {
  /** What the program wrote, as bytes. */
  write(data: Uint8Array | string): void
  focus(): void
}

type TerminalViewProps = {
  readonly label: string
  /** What is typed. */
  readonly onData: (data: string) => void
  readonly onResize: (size: { readonly cols: number; readonly rows: number }) => void
  /** Once it is there, with its first size. */
  readonly onReady: (handle: TerminalHandle, size: { readonly cols: number; readonly rows: number }) => void
}

const scrollbackLines = 10_000

function themeOf() {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
  const isDark = document.documentElement.dataset['theme'] === 'dark'
  return {
    background: colour('sunken'),
    foreground: colour('ink'),
    cursor: colour('accent'),
    selectionBackground: colour('selected'),
    black: isDark ? colour('line') : colour('ink'),
    brightBlack: colour('faint'),
    red: colour('bad'),
    brightRed: colour('bad'),
    green: colour('good'),
    brightGreen: colour('good'),
    yellow: colour('warn'),
    brightYellow: colour('warn'),
    blue: colour('info'),
    brightBlue: colour('info'),
    magenta: colour('series-4'),
    brightMagenta: colour('series-4'),
    cyan: colour('accent'),
    brightCyan: colour('accent'),
    white: isDark ? colour('ink') : colour('soft'),
    brightWhite: isDark ? colour('ink') : colour('soft'),
  }
}

/** A terminal that fills its place. It keeps its text while it is hidden. */
export function TerminalView({ label, onData, onResize, onReady }: TerminalViewProps) {
  const place = useRef<HTMLDivElement>(null)
  const data = useEffectEvent(onData)
  const resize = useEffectEvent(onResize)
  const ready = useEffectEvent(onReady)
  useEffect(() => {
    const box = place.current
    if (box === null) return undefined
    const terminal = new Terminal({
      scrollback: scrollbackLines,
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue('--font-mono') || 'monospace',
      fontSize: 13,
      cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
      screenReaderMode: true,
      theme: themeOf(),
      allowProposedApi: false,
    })
    const fit = new FitAddon()
    terminal.loadAddon(fit)
    terminal.open(box)
    fit.fit()
    terminal.onData((text) => data(text))
    terminal.onResize(({ cols, rows }) => resize({ cols, rows }))
    const observer = new ResizeObserver(() => {
      if (box.offsetWidth > 0) fit.fit() // of one that is hidden the size says nothing
    })
    observer.observe(box)
    const repaint = () => {
      terminal.options.theme = themeOf()
    }
    window.addEventListener(themeEvent, repaint)
    ready({ write: (text) => terminal.write(text), focus: () => terminal.focus() }, { cols: terminal.cols, rows: terminal.rows })
    return () => {
      observer.disconnect()
      window.removeEventListener(themeEvent, repaint)
      terminal.dispose()
    }
  }, [])
  return <div ref={place} role="group" aria-label={label} className="h-full w-full overflow-hidden bg-sunken p-2" />
}
