import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'
import { repository } from './repository.mjs'
import { runForOutput, secondsSince } from './run-command.mjs'

/** Each is a package's own script, run by this Node: no shell, no PATH, the same on every system. */
const checks = [
  { name: 'types', script: 'typescript/bin/tsc', args: ['--noEmit'] },
  { name: 'types of the page', script: 'typescript/bin/tsc', args: ['--noEmit', '-p', 'src-renderer'] },
  { name: 'lint', script: 'oxlint/bin/oxlint', args: ['--type-aware', '--deny-warnings'] },
  { name: 'format', script: '@biomejs/biome/bin/biome', args: ['format'] },
  { name: 'dead code', script: 'knip/bin/knip.js', args: ['--no-progress'] },
]

/**
 * Runs all checks, a line each; what failed shows its whole output.
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function runChecks() {
  const results = []
  for (const { name, script, args } of checks) {
    const startedMs = performance.now()
    const { code, output } = await runForOutput(process.execPath, [join(repository, 'node_modules', script), ...args], { cwd: repository })
    console.log(`check: ${name} ${code === 0 ? 'ok' : 'FAILED'} (${secondsSince(startedMs)})`)
    if (code !== 0) console.log(output.trimEnd())
    results.push(code === 0)
  }
  return { passed: results.filter(Boolean).length, failed: results.filter((ok) => !ok).length }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  ensureInstalled()
  const { failed } = await runChecks()
  process.exitCode = failed === 0 ? 0 : 1
}
