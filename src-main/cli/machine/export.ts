import { writeFileSync } from 'node:fs'
import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { noWords, wordFrom } from '../words/lists.ts'

const formats = ['csv', 'ansible', 'ssh-config', 'json'] as const

export const exportMachines: PanelSubcommand = {
  name: 'export',
  summary: 'writes the list for other programs, without secrets',
  usage: ['shoal machine export [--format csv|ansible|ssh-config|json] [--output FILE]'],
  flags: {
    format: { value: 'NAME', help: `${formats.join(', ')}. Default: csv` },
    output: { value: 'FILE', help: 'Default: standard output' },
    json: { help: 'the same as --format json' },
  },
  prepare({ values, words }) {
    noWords('machine export', words)
    const format = wordFrom('--format', values.find('format') ?? (values.has('json') ? 'json' : 'csv'), formats)
    const output = values.find('output')
    return async ({ panel, terminal }) => {
      const { text } = await panel.call('machines.export', { format })
      if (output === undefined) terminal.print(text.replace(/\n$/, ''))
      else writeFileSync(output, text.endsWith('\n') ? text : `${text}\n`)
      return exitCodes.ok
    }
  },
}
