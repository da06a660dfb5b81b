import { join } from 'node:path'
import { ensureBuilt } from './build.mjs'
import { ensureInstalled } from './install.mjs'
import { ensureRenderer } from './renderer.mjs'
import { repository } from './repository.mjs'
import { runOnThisTerminal } from './run-command.mjs'
import { runtimeNode } from './runtime-node.mjs'

// `npm run bench:ui`: the panel's page, measured in a real browser. `npm run bench:ui -- --help` names the options. It tells figures and
// judges nothing, so it always ends with 0.
const words = process.argv.slice(2)
ensureInstalled()
if (!words.includes('--help') && !words.includes('-h')) {
  await ensureBuilt({ quiet: true })
  await ensureRenderer({ quiet: true })
}
await runOnThisTerminal(runtimeNode(), ['--no-warnings', join(repository, 'test', 'bench', 'ui', 'run.ts'), ...words], { cwd: repository })
process.exitCode = 0
