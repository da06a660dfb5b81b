import { type Command, type Terminal, UsageError } from '../../runtime/cli/command.ts'
import { parsePort } from '../../runtime/cli/values.ts'
import { exitCodes } from './exit-codes.ts'
import { jsonFlag } from './panel-flags.ts'
import type { PanelAddress } from './serve-panel.ts'

export const panelCommand: Command = {
  name: 'panel',
  summary: 'Serves the panel on this computer until Ctrl-C, and prints the address to open. Other computers cannot reach it.',
  usage: ['shoal panel [--port N] [--open|--no-open] [--json]'],
  flags: {
    port: { value: 'N', help: 'on 127.0.0.1. Default: a free one' },
    open: { help: 'open it in the browser. Default: where this runs on a desktop' },
    'no-open': { help: 'only print the address' },
    'until-stdin-ends': { help: 'end like Ctrl-C when standard input does, so that it goes with the program that started it' },
    ...jsonFlag,
  },
  notes: [
    'The address holds a secret of this run: whoever has it can do what you can. From another computer: ssh -L.',
    'With --json there is also a token for programs that may only look: "Authorization: Bearer READTOKEN".',
  ],
  prepare(values) {
    const port = parsePort('--port', values.find('port') ?? '0')
    if (values.has('open') && values.has('no-open')) throw new UsageError('give only one of --open and --no-open')
    return async (terminal) => {
      const { findServedPanel, servePanel } = await import('./serve-panel.ts')
      const { hasDesktop, openBrowser } = await import('./open-browser.ts')
      const isOpening =
        values.has('open') || (!values.has('no-open') && terminal.isInteractive && hasDesktop(process.env, process.platform))
      const running = await findServedPanel()
      if (running) {
        say(terminal, running, `A panel runs already, as process ${running.pid}, at`)
        if (isOpening) await openBrowser(running.urlWithToken).whenRead()
        return exitCodes.ok
      }
      const served = await servePanel(port)
      const interrupted = new Promise<void>((resolve) => {
        terminal.onInterrupt(resolve)
        if (values.has('until-stdin-ends')) process.stdin.once('end', resolve).resume()
      })
      say(terminal, { ...served, pid: process.pid }, 'The panel runs, until Ctrl-C, at')
      const opened = isOpening ? openBrowser(served.urlWithToken) : undefined
      await interrupted
      opened?.forget()
      await served.close()
      return exitCodes.ok
    }
  },
}

function say(terminal: Terminal, { url, urlWithToken, readToken, pid }: PanelAddress & { pid: number }, heading: string): void {
  if (terminal.isJson) terminal.print(JSON.stringify({ url, urlWithToken, readToken, pid }))
  else terminal.print(`${heading}\n\n  ${urlWithToken}\n\nClusters and jobs go on without it.`)
}
