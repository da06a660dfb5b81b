import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { noWords, wordFrom } from '../words/lists.ts'
import { writeText } from '../words/text-files.ts'

const formats = ['csv', 'ansible', 'ssh-config', 'json'] as const

export const exportMachines: PanelSubcommand = {
  name: 'export',
  summary: 'writes the list for other programs, without secrets',
  usage: ['shoal machine export [--format csv|ansible|ssh-config|json] [--output FILE]'],
  flags: {
    format: { value: 'NAME', help: `${formats.join(', ')}. Default: csv` },
    output: { value: 'FILE', help: 'to write to. Default: standard output' },
    json: { help: 'the same as --format json' },
  },
  prepare({ values, words }) {
    noWords('machine export', words)
    const format = wordFrom('--format', values.find('format') ?? (values.has('json') ? 'json' : 'csv'), formats)
    const output = values.find('output')
    return async ({ panel, terminal }) => {
      const { text } = await panel.call('machines.export', { format })
      const whole = text.endsWith('\n') ? text : `${text}\n`
      if (output !== undefined) writeText('--output', output, whole)
      else if (terminal.isInteractive) terminal.print(whole.replaceAll('\r\n', '\n').slice(0, -1))
      else process.stdout.write(whole) // into a file or another program, where the line ends of CSV belong
      return exitCodes.ok
    }
  },
}
