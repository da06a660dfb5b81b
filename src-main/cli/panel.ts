import { type Command, UsageError } from '../../runtime/cli/command.ts'
import { parsePort } from '../../runtime/cli/values.ts'
import { exitCodes } from './context.ts'
import { jsonFlag } from './panel-flags.ts'

export const panelCommand: Command = {
  name: 'panel',
  summary: 'Serves the panel on this computer until Ctrl-C, and prints the address to open. Other computers cannot reach it.',
  usage: ['shoal panel [--port N] [--open|--no-open] [--json]'],
  flags: {
    port: { value: 'N', help: 'on 127.0.0.1. Default: a free one' },
    open: { help: 'open it in the browser. Default: where this runs on a desktop' },
    'no-open': { help: 'only print the address' },
    ...jsonFlag,
  },
  notes: ['The address holds a secret of this run: whoever has it can do what you can. From another computer: ssh -L.'],
  prepare(values) {
    const port = parsePort('--port', values.find('port') ?? '0')
    if (values.has('open') && values.has('no-open')) throw new UsageError('give only one of --open and --no-open')
    return async (terminal) => {
      const { servePanel } = await import('./serve-panel.ts')
      const { hasDesktop, openBrowser } = await import('./open-browser.ts')
      const served = await servePanel(port)
      const interrupted = new Promise<void>((resolve) => terminal.onInterrupt(resolve))
      const { url, urlWithToken } = served
      if (terminal.isJson) terminal.print(JSON.stringify({ url, urlWithToken, pid: process.pid }))
      else terminal.print(`The panel runs at\n\n  ${urlWithToken}\n\nIt ends with Ctrl-C; clusters and jobs go on.`)
      const isWanted = values.has('open') || (!values.has('no-open') && terminal.isInteractive && hasDesktop(process.env, process.platform))
      const forget = isWanted ? openBrowser(urlWithToken) : () => {}
      await interrupted
      forget()
      await served.close()
      return exitCodes.ok
    }
  },
}
