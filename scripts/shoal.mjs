import { join } from 'node:path'
import { ensureBuilt } from './build.mjs'
import { ensureInstalled } from './install.mjs'
import { ensurePayloads } from './payload.mjs'
import { ensureRenderer } from './renderer.mjs'
import { repository } from './repository.mjs'
import { runOnThisTerminal } from './run-command.mjs'
import { runtimeNode } from './runtime-node.mjs'

// `npm run shoal -- <args>` and `node scripts/shoal.mjs <args>`: the command line of this checkout.
ensureInstalled()
await ensureBuilt({ quiet: true })
const asksForHelp = process.argv.some((word) => word === '--help' || word === '-h')
if (process.argv[2] === 'panel' && !asksForHelp) await ensureRenderer({ quiet: true })
if (['cluster', 'panel', 'try'].includes(process.argv[2]) && !asksForHelp) ensurePayloads() // what they put on machines
process.exitCode = await runOnThisTerminal(runtimeNode(), [join(repository, 'dist', 'panel', 'cli.mjs'), ...process.argv.slice(2)])
