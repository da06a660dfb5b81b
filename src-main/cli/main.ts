import { commands } from '../../runtime/cli/commands.ts'
import { runCommandLine } from '../../runtime/cli/run-command-line.ts'
import { onNewerNode } from '../../runtime/cli/newer-node.ts'
import { panelCommands } from './panel-commands.ts'

await runCommandLine([...panelCommands.map(onNewerNode), ...commands])
