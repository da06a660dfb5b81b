import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { ClusterError, toError } from '../../runtime/base/errors.ts'
import type { ShellOptions, ShellSession } from '../ssh/host-connection.ts'
import { quoteForSh, quoteForShell } from '../ssh/shell-quote.ts'
import type { Login } from './login-environment.ts'

/** Typed ahead of what the shell takes, at most. */
const maxUnsentBytes = 4 * 1024 * 1024
/** A terminal that has ended and whose output nobody reads counts as ended after this long. */
const unreadMs = 1_000

const pythonProgram = `import pty, sys
status = pty.spawn(["/bin/sh", "-c", sys.argv[1]])
sys.exit(status >> 8 if status & 127 == 0 else 128 + (status & 127))`

/**
 * A terminal needs a pseudo terminal, which Node cannot make: a program that can is put between, script of util-linux or Python. It tells on
 * its fourth stream which one it made, so that `stty` can change its size from outside.
 * @throws ClusterError `not-supported` where this computer has neither
 */
export async function openLocalShell(login: Login, options: ShellOptions): Promise<ShellSession> {
  const { file, args } = ptyProgram(login.env['PATH'] ?? '', innerScript(options))
  const env = { ...login.env, TERM: options.term ?? 'xterm-256color' }
  const child = spawn(file, args, { cwd: login.home, env, detached: true, stdio: ['pipe', 'pipe', 'pipe', 'pipe'] })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (error) => reject(new ClusterError('not-supported', `${file} cannot be run: ${toError(error).message}`)))
  })
  // All four are pipes, as was asked for above.
  const [input, output, complaints, news] = child.stdio as unknown as [Writable, Readable, Readable, Readable]
  input.on('error', () => {}) // it has ended, which `ended` tells
  complaints.resume()
  const resize = resizer(news, login)
  return {
    output,
    ended: whenEnded(child),
    write(data) {
      if (input.writableLength > maxUnsentBytes) {
        throw new ClusterError(
          'link.overloaded',
          `the shell does not take what is typed: ${input.writableLength} bytes wait. Wait a little, or close the terminal.`,
        )
      }
      if (input.writable) input.write(data)
    },
    resize,
    close() {
      child.kill('SIGKILL') // with it goes its side of the terminal: the kernel hangs up on what runs at the other
      output.resume()
    },
  }
}

function innerScript({ cols, rows, command }: ShellOptions): string {
  const shell = command === undefined ? '-l' : `-c ${quoteForSh(command)}`
  return `tty >&3; exec 3>&-; stty sane rows ${rows} cols ${cols}; exec "$SHELL" ${shell}`
}

function ptyProgram(path: string, inner: string): { file: string; args: string[] } {
  const find = (name: string) => path.split(delimiter).find((folder) => folder !== '' && isProgram(join(folder, name)))
  if (find('script') !== undefined) return { file: 'script', args: ['-qec', `exec /bin/sh -c ${quoteForShell(inner)}`, '/dev/null'] }
  if (find('python3') !== undefined) return { file: 'python3', args: ['-c', pythonProgram, inner] }
  throw new ClusterError(
    'not-supported',
    'a terminal on this computer needs the program script (Debian: apt-get install bsdutils; Fedora: dnf install util-linux-script) or python3, and neither is on the PATH. Install one of them, and open the terminal again.',
  )
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Keeps the last size that was asked for until it is known which terminal it is. */
function resizer(news: Readable, { env }: Login): (cols: number, rows: number) => void {
  let tty: string | undefined
  let wanted: readonly string[] | undefined
  const apply = () => {
    if (tty === undefined || wanted === undefined) return
    spawnSync('stty', ['-F', tty, ...wanted], { env, stdio: 'ignore', timeout: 1_000 }) // in their order; it takes a millisecond
    wanted = undefined
  }
  let said = ''
  news.setEncoding('utf8').on('data', (text: string) => {
    said += text
    tty ??= /^(\/dev\/\S+)\n/.exec(said)?.[1]
    apply()
  })
  return (cols, rows) => {
    wanted = ['cols', String(cols), 'rows', String(rows)]
    apply()
  }
}

function whenEnded(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve) => {
    const end = () => resolve({ code: child.exitCode, signal: child.signalCode?.slice('SIG'.length) ?? null })
    child.once('exit', () => setTimeout(end, unreadMs).unref())
    child.once('close', end)
  })
}
