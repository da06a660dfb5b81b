import { useEffect, useRef, useState } from 'react'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { type TerminalHandle, TerminalView } from '../../ui/terminal-view.tsx'
import { messages } from './messages.ts'
import { noteTerminalId, type OpenTerminal } from './open-terminals.ts'
import { type SessionEnd, TerminalSession } from './terminal-session.ts'

/** One shell, and what became of it. */
export function TerminalTab({ tab, isShown }: { readonly tab: OpenTerminal; readonly isShown: boolean }) {
  const t = useText(messages)
  const [end, setEnd] = useState<SessionEnd>()
  const [error, setError] = useState<unknown>()
  const [round, setRound] = useState(0)
  const session = useRef<TerminalSession>(null)
  const handle = useRef<TerminalHandle>(null)
  useEffect(() => () => session.current?.detach(), [])
  useEffect(() => {
    if (isShown) handle.current?.focus()
  }, [isShown])
  const start = (terminal: TerminalHandle, size: { readonly cols: number; readonly rows: number }) => {
    handle.current = terminal
    const opened = new TerminalSession(terminal, setEnd)
    session.current?.detach()
    session.current = opened
    if (isShown) terminal.focus()
    if (tab.terminalId !== null) return opened.attach(tab.terminalId, size)
    opened
      .open(tab.place, size)
      .then((terminalId) => noteTerminalId(tab.key, terminalId))
      .catch(setError)
  }
  const again = () => {
    setEnd(undefined)
    setError(undefined)
    noteTerminalId(tab.key, null)
    setRound(round + 1)
  }
  return (
    <div className="flex min-h-0 flex-1 flex-col" hidden={!isShown} style={isShown ? undefined : { display: 'none' }}>
      {error !== undefined && <ErrorNote error={error} title={t('failed')} onRetry={again} />}
      {end !== undefined && (
        <p role="status" className="flex items-center gap-3 border-b border-warn-line bg-warn-soft px-3 py-1">
          <span className="flex-1">
            {end.message === null ? t('ended', { code: end.code ?? 'none' }) : t('endedWith', { message: end.message })}
          </span>
          <Button size="sm" onClick={again}>
            {t('again')}
          </Button>
        </p>
      )}
      <div className="min-h-0 flex-1">
        <TerminalView
          key={round}
          label={tab.name}
          onReady={start}
          onData={(data) => session.current?.write(data)}
          onResize={(size) => session.current?.resize(size)}
        />
      </div>
    </div>
  )
}
