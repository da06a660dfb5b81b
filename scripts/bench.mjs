import { join } from 'node:path'
import { ensureBuilt } from './build.mjs'
import { ensureInstalled } from './install.mjs'
import { repository } from './repository.mjs'
import { runOnThisTerminal } from './run-command.mjs'
import { runtimeNode } from './runtime-node.mjs'

// `npm run bench`: what is built, measured on the Node that daemons and workers run on. `npm run bench -- --help` names the options.
ensureInstalled()
await ensureBuilt({ quiet: true })
process.exitCode = await runOnThisTerminal(runtimeNode(), [join(repository, 'test', 'bench', 'run.ts'), ...process.argv.slice(2)], {
  cwd: repository,
})
