import { join, resolve } from 'node:path'
import { ensureBuilt } from './build.mjs'
import { ensureInstalled } from './install.mjs'
import { ensurePayloads } from './payload.mjs'
import { ensureRenderer } from './renderer.mjs'
import { repository } from './repository.mjs'
import { runOnThisTerminal } from './run-command.mjs'
import { runtimeNode } from './runtime-node.mjs'

// `npm start`: the panel, in the browser. Its flags are those of `shoal panel`: npm start -- --no-open
// `npm start -- path/to/program.ts [its arguments]` runs a program instead, on a cluster of this machine that ends with it.
const startedIn = process.env.INIT_CWD ?? process.cwd() // npm moves to our folder and leaves the user's there
const given = process.argv.slice(2)
const [program, ...args] = given[0]?.startsWith('-') === false ? given : []

ensureInstalled()
await ensureBuilt({ quiet: program !== undefined })
process.exitCode = program === undefined ? await startPanel() : await run('runtime', ['run', resolve(startedIn, program), ...args])

async function startPanel() {
  await ensureRenderer()
  ensurePayloads() // what it puts on machines
  return run('panel', ['panel', ...given])
}

function run(part, words) {
  return runOnThisTerminal(runtimeNode(), [join(repository, 'dist', part, 'cli.mjs'), ...words], { cwd: startedIn })
}
