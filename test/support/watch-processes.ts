import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { runtimeNode } from '#runtime/session/daemon.ts'

export type Samples = {
  readonly rounds: number
  /** Each different command line and environment, with NUL between the words. */
  readonly texts: readonly string[]
  /** Files and folders of the watched folder that others could read, and their modes. */
  readonly loose: readonly string[]
}

/** Looks at all processes of this machine, and at a folder, several thousand times a second. A process of one millisecond may be missed. */
export async function watchProcesses(folder: string): Promise<{ stop(): Promise<Samples> }> {
  const program = fileURLToPath(new URL('process-sampler.ts', import.meta.url))
  const child = spawn(runtimeNode(), ['--no-warnings', program, folder], { stdio: ['pipe', 'pipe', 'inherit'] }) // ends with its input, or with us
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (said += part))
  await once(child.stdout, 'data')
  return {
    async stop() {
      const closed = once(child, 'close')
      child.stdin.end()
      await closed
      return JSON.parse(said.slice(said.indexOf('\n'))) as Samples // as process-sampler.ts prints it
    },
  }
}
