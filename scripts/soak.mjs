import { join } from 'node:path'
import { ensureBuilt } from './build.mjs'
import { ensureInstalled } from './install.mjs'
import { ensureRenderer } from './renderer.mjs'
import { repository } from './repository.mjs'
import { runOnThisTerminal } from './run-command.mjs'
import { runtimeNode } from './runtime-node.mjs'

// `npm run soak`: a cluster over SSH under jobs and faults for an hour, with the panel open. `npm run soak -- --help` names the options.
const words = process.argv.slice(2)
ensureInstalled()
if (!words.includes('--help') && !words.includes('-h')) {
  await ensureBuilt({ quiet: true })
  await ensureRenderer({ quiet: true })
}
process.exitCode = await runOnThisTerminal(runtimeNode(), ['--no-warnings', join(repository, 'test', 'soak', 'run.ts'), ...words], {
  cwd: repository,
})
