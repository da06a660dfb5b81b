import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { toError } from '#runtime/base/errors.ts'
import { whyNoBed } from '#test/support/bed/bed.ts'
import { whyNoBrowser } from '#test/support/browser/browser.ts'
import { repository } from '../tidy/repository-files.ts'
import { readOptions, usage } from './options.ts'
import { judgeGrowth, problemsOf, reportOf } from './report.ts'
import { soak, type SoakResult } from './soak.ts'

const say = (line: string) => void process.stderr.write(`${line}\n`)

async function main(args: readonly string[]): Promise<number> {
  const options = readOptionsOrSay(args)
  if (options === undefined) return 1
  if (options === 'help') {
    process.stdout.write(usage)
    return 0
  }
  const missing = whyNoBed() ?? whyNoBrowser()
  if (missing !== undefined) throw new Error(`the soak needs ${missing}`)
  const callOff = new AbortController()
  const stop = () => callOff.abort()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
  const result = await soak(options, say, callOff.signal).catch((error: unknown) => {
    if (!callOff.signal.aborted) throw error
    return undefined
  })
  if (!result) {
    say('called off; nothing is left')
    return 130
  }
  const report = options.report ?? join(repository, 'dist', 'soak', `seed-${options.seed}.md`)
  write(report, `${reportOf(result)}\n`)
  if (options.json !== undefined) write(options.json, `${JSON.stringify(asJson(result), undefined, 2)}\n`)
  process.stdout.write(`${reportOf(result)}\n\nwritten to ${report}\n`)
  return problemsOf(result).length === 0 ? 0 : 1
}

function readOptionsOrSay(args: readonly string[]): ReturnType<typeof readOptions> | undefined {
  try {
    return readOptions(args)
  } catch (error) {
    say(toError(error).message)
    return undefined
  }
}

const asJson = ({ measures, ...result }: SoakResult) => ({
  ...result,
  problems: problemsOf({ ...result, measures }),
  growth: judgeGrowth({ ...result, measures }),
  readings: Object.fromEntries(measures.series),
})

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

process.exit(
  await main(process.argv.slice(2)).catch((error: unknown) => {
    say(toError(error).stack ?? String(error))
    return 1
  }),
)
