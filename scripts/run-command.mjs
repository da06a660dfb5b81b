import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/**
 * Runs a command on this terminal and resolves with what the shell would report: its exit code, or 128 + the signal's number.
 * Signals sent to this process reach the command. Ctrl-C at a terminal already reaches both, so it is not sent twice.
 *
 * @param {string} command
 * @param {readonly string[]} args

 * @returns {Promise<number>}
 */
export async function runOnThisTerminal(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'inherit', ...options })
  const pass = (signal) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, pass)
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)))
    })
  } finally {
    for (const signal of signals) process.off(signal, pass)
  }
}

/**
 * Runs a command out of sight and resolves with its exit code and everything it wrote.
 * Output beyond `limitBytes` (default 4 MiB) is cut off at the front, as the end says what went wrong.
 *
 * @param {string} command
 * @param {readonly string[]} args

 * @returns {Promise<{ code: number, output: string }>}
 */
export function runForOutput(command, args, options = {}) {
  const { limitBytes = 4 * 1024 * 1024, ...spawnOptions } = options
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...spawnOptions })
    let output = ''
    const take = (chunk) => {
      output = (output + chunk).slice(-limitBytes)
    }
    child.stdout?.setEncoding('utf8').on('data', take)
    child.stderr?.setEncoding('utf8').on('data', take)
    child.once('error', (error) => resolve({ code: 127, output: `${command} did not start: ${error.message}` }))
    child.once('close', (code, signal) => resolve({ code: code ?? 128 + (constants.signals[signal] ?? 0), output }))
  })
}

/** `1.2 s`, for a line that says how long a step took. @param {number} startedMs from `performance.now()` */
export const secondsSince = (startedMs) => `${((performance.now() - startedMs) / 1000).toFixed(1)} s`
