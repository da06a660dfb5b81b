import { spawn } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { constants } from 'node:os'
import { resolve } from 'node:path'
import { runtimeNode } from '../session/daemon.ts'
import { type Command, UsageError } from './command.ts'

export const run: Command = {
  name: 'run',
  summary: 'Runs a program, TypeScript or JavaScript, on the Node of this runtime. It finds `shoal`: its own, or else this one.',
  usage: ['shoal run FILE [ARGS …]'],
  flags: {},
  notes: ['What follows FILE is for the program. Its exit code is that of this command. Options for Node stand in NODE_OPTIONS.'],
  prepare(_values, [file, ...args]) {
    if (file === undefined) throw new UsageError('run needs a program: shoal run FILE [ARGS …]')
    const path = resolve(file) // also keeps Node from taking `inspect` for a command of its own
    const stats = statSync(path, { throwIfNoEntry: false })
    if (!stats) throw new UsageError(`there is no program ${path}`)
    if (stats.isDirectory()) throw new UsageError(`${path} is a folder; name the program in it`)
    return () => become(runtimeNode(), [...nodeArgs, path, ...args])
  },
}

/** Beside us in the bundle of the runtime, in the folder beside ours in that of the panel, and else the source. */
const bundles = ['resolve-shoal.mjs', '../runtime/resolve-shoal.mjs'].map((path) => new URL(path, import.meta.url))
const hook = bundles.find((bundle) => existsSync(bundle)) ?? new URL('../sdk/resolve-shoal.ts', import.meta.url)

/** A lone `.ts` file with imports has no package.json to call it a module, and Node says so on every run. */
const nodeArgs = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', '--import', hook.href]

/** Resolves with its exit code. Where the system can, the program takes our place: whoever started us then holds, signals and kills the program itself. */
export function become(node: string, args: readonly string[]): Promise<number> {
  if (existsSync(node)) process.execve?.(node, [node, ...args], process.env) // it aborts where it cannot
  return runAsChild(node, args)
}

/** Resolves with the exit code; ends as the program did where a signal ended it. */
function runAsChild(node: string, args: readonly string[]): Promise<number> {
  const child = spawn(node, args, { stdio: 'inherit' })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const
  const pass = (signal: NodeJS.Signals) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal) // Ctrl-C at a terminal reaches both of us
  }
  for (const signal of signals) process.on(signal, pass)
  return new Promise((settle, fail) => {
    child.once('error', fail)
    child.once('close', (code, signal) => {
      for (const each of signals) process.off(each, pass)
      if (signal !== null) process.kill(process.pid, signal)
      settle(code ?? 128 + constants.signals[signal ?? 'SIGKILL'])
    })
  })
}
