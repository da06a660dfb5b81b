import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const program = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin']
  .map((folder) => join(folder, 'Xvfb'))
  .find((path) => existsSync(path))

/** Why no window can be shown here, as what is missing; undefined when one can. */
export const whyNoScreen = (): string | undefined => (program === undefined ? 'Xvfb (Debian: apt-get install xvfb)' : undefined)

export type Screen = { readonly display: string; close(): Promise<void> }

/** A screen that nobody sees, under a number that was free; anybody on this computer may draw on it. */
export async function openScreen(size = '1600x1000x24'): Promise<Screen> {
  if (program === undefined) throw new Error('there is no Xvfb')
  const child = spawn(program, ['-displayfd', '3', '-screen', '0', size, '-nolisten', 'tcp', '-ac'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const atExit = () => child.kill('SIGKILL')
  process.once('exit', atExit)
  const numbers = child.stdio[3]
  if (numbers === null || numbers === undefined) throw new Error('a pipe was asked for')
  const [number] = (await Promise.race([once(numbers, 'data'), once(child, 'exit').then(() => [undefined])])) as [Buffer | undefined]
  if (number === undefined) throw new Error('Xvfb did not start')
  return {
    display: `:${String(number).trim()}`,
    async close() {
      process.off('exit', atExit)
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}
