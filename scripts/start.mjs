import { join, resolve } from 'node:path'
import { ensureBuilt } from './build.mjs'
import { ensureInstalled } from './install.mjs'
import { repository } from './repository.mjs'
import { runOnThisTerminal } from './run-command.mjs'
import { runtimeNode } from './runtime-node.mjs'

// `npm start`: the first program a user meets. It starts a cluster on this machine, uses it, and stops it.
// `npm start -- path/to/program.ts [its arguments]` runs another program in its place.
const startedIn = process.env.INIT_CWD ?? process.cwd() // npm moves to our folder and leaves the user's there
const [given, ...args] = process.argv.slice(2)
const program = given === undefined ? join(repository, 'examples', 'first-steps.ts') : resolve(startedIn, given)

ensureInstalled()
await ensureBuilt({ quiet: given !== undefined })
if (given === undefined) console.log('Running examples/first-steps.ts. A program of your own: npm start -- path/to/program.ts\n')
process.exitCode = await runOnThisTerminal(runtimeNode(), [join(repository, 'dist', 'runtime', 'cli.mjs'), 'run', program, ...args], {
  cwd: startedIn,
})
