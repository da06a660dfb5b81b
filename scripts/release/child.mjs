import { spawn } from 'node:child_process'
import { repository } from '../repository.mjs'

/**
 * Runs a program to its end, out of sight. It ends with the release.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ signal?: AbortSignal, cwd?: string, env?: NodeJS.ProcessEnv }} [options] cwd: default the repository
 * @returns {Promise<string>} its standard output
 * @throws Error with the end of what it wrote
 */
export function runChild(command, args, { signal, cwd = repository, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const said = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr']) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        said[stream] = (said[stream] + text).slice(-maxKept)
      })
    }
    const stop = () => child.kill('SIGTERM')
    if (signal?.aborted) stop()
    signal?.addEventListener('abort', stop)
    child.once('error', (error) => reject(new Error(`${command} did not start: ${error.message}`)))
    child.once('close', (code, endedBy) => {
      signal?.removeEventListener('abort', stop)
      if (code === 0) return resolve(said.stdout)
      const last = `${said.stdout}\n${said.stderr}`.trim().split('\n').slice(-15).join('\n')
      reject(new Error(`${command} ${args.slice(0, 3).join(' ')} … ended with ${code ?? endedBy}:\n${last}`))
    })
  })
}

const maxKept = 16 * 1024 * 1024
