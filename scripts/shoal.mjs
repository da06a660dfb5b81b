import { join } from 'node:path'
import { ensureBuilt } from './build.mjs'
import { ensureInstalled } from './install.mjs'
import { repository } from './repository.mjs'
import { runOnThisTerminal } from './run-command.mjs'
import { runtimeNode } from './runtime-node.mjs'

// `npm run shoal -- <args>` and `node scripts/shoal.mjs <args>`: the command line of this checkout.
ensureInstalled()
await ensureBuilt({ quiet: true })
process.exitCode = await runOnThisTerminal(runtimeNode(), [join(repository, 'dist', 'panel', 'cli.mjs'), ...process.argv.slice(2)])
