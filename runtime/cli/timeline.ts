import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ClusterError } from '../base/errors.ts'
import { type Command, commonFlags } from './command.ts'
import { fileProblem } from './file-problem.ts'
import { findLocalNode } from './find-node.ts'
import { tempDirOf } from './temp-dir.ts'

export const timeline: Command = {
  name: 'timeline',
  summary: 'Writes what ran where and when as Chrome trace JSON: open it in ui.perfetto.dev or chrome://tracing.',
  usage: ['shoal timeline [--out FILE]'],
  flags: { ...commonFlags, out: { value: 'FILE', help: 'to write to. Default: shoal-timeline-<time>.json in this folder' } },
  prepare(values) {
    const tempDir = tempDirOf(values)
    const out = resolve(values.find('out') ?? `shoal-timeline-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.json`)
    return async (terminal) => {
      findLocalNode(tempDir, { address: undefined, isNamed: true })
      const events = await readEvents(tempDir)
      await writeEvents(out, events)
      terminal.print(terminal.isJson ? JSON.stringify({ file: out, events: events.length }) : `Wrote ${events.length} spans to ${out}.`)
      return 0
    }
  },
}

async function readEvents(tempDir: string): Promise<readonly object[]> {
  const shoal = await import('../sdk/index.ts')
  await shoal.init({ address: 'auto', tempDir })
  try {
    return await shoal.timeline()
  } finally {
    await shoal.shutdown()
  }
}

const eventsAtOnce = 10_000

/** In pieces: a million spans are more than one string should hold. */
async function writeEvents(path: string, events: readonly object[]): Promise<void> {
  try {
    await using file = await open(path, 'w', 0o600)
    await file.write('[')
    for (let at = 0; at < events.length; at += eventsAtOnce) {
      const lines = events.slice(at, at + eventsAtOnce).map((event) => JSON.stringify(event))
      await file.write(`${at === 0 ? '' : ','}\n${lines.join(',\n')}`)
    }
    await file.write('\n]\n')
  } catch (cause) {
    throw new ClusterError('bad-argument', `--out ${path} cannot be written: ${fileProblem(cause)}`, { cause })
  }
}
