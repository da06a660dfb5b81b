import { parseArgs } from 'node:util'

export type BenchOptions = {
  readonly filter: string
  readonly sides: 'both' | 'ours' | 'ray'
  readonly isQuick: boolean
  readonly isJson: boolean
  readonly isList: boolean
  readonly installsRay: boolean
  readonly isHelp: boolean
}

export const usage = `npm run bench -- [options]

Measures Shoal, and Ray beside it where Ray is installed, row after row on this machine.

  --filter TEXT   only rows whose name holds TEXT
  --quick         short rounds and a tenth of the big counts: shows that all works, says nothing about speed
  --with-ray      install Ray into .cache/ray-venv first, if it is not there
  --only-ours     leave Ray out
  --only-ray      leave Shoal out
  --json          the report as JSON on standard output, progress on standard error
  --list          the rows, their budgets and how each is measured
`

/** @throws TypeError naming an option that is not known. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      filter: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      'with-ray': { type: 'boolean', default: false },
      'only-ours': { type: 'boolean', default: false },
      'only-ray': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values['only-ours'] && (values['only-ray'] || values['with-ray']))
    throw new TypeError('--only-ours leaves Ray out: give it without --only-ray and --with-ray')
  return {
    filter: values.filter,
    sides: values['only-ours'] ? 'ours' : values['only-ray'] ? 'ray' : 'both',
    isQuick: values.quick,
    isJson: values.json,
    isList: values.list,
    installsRay: values['with-ray'],
    isHelp: values.help,
  }
}
