import { join } from 'node:path'
import { ensureBuilt } from './build.mjs'
import { ensureInstalled } from './install.mjs'
import { repository } from './repository.mjs'
import { runOnThisTerminal } from './run-command.mjs'
import { runtimeNode } from './runtime-node.mjs'

// `npm start`: the first program a user meets. It starts a cluster on this machine, uses it, and stops it.
ensureInstalled()
await ensureBuilt()
process.exitCode = await runOnThisTerminal(runtimeNode(), [join(repository, 'examples', 'first-steps.ts'), ...process.argv.slice(2)])
