import { join } from 'node:path'
import { ensureBuilt } from './build.mjs'
import { ensureInstalled } from './install.mjs'
import { stageHost } from './package/host-folder.mjs'
import { ensurePayloads } from './payload.mjs'
import { ensureRenderer } from './renderer.mjs'
import { repository } from './repository.mjs'
import { runOnThisTerminal } from './run-command.mjs'

// `npm run package`: installers of the desktop app for this computer's system and processor, in dist/packages. `-- --dir` makes the app alone,
// without an installer; further words are electron-builder's.
const words = process.argv.slice(2)

ensureInstalled()
await ensureBuilt({ parts: ['runtime', 'panel', 'desktop'] })
await ensureRenderer()
ensurePayloads()
stageHost()
const builder = join(repository, 'node_modules', 'electron-builder', 'cli.js')
process.exitCode = await runOnThisTerminal(process.execPath, [builder, '--publish', 'never', ...words], { cwd: repository })
