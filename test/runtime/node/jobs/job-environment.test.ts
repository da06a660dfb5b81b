import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { prepareEnvironment } from '#runtime/node/jobs/job-environment.ts'
import { PythonEnvironments } from '#runtime/node/jobs/python-environments.ts'
import { PackageCache } from '#runtime/node/packages/package-cache.ts'

const nobody = 65_534

test('a job that takes the right to write in its folder away is none the worse, nor is its node', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-environment-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  chmodSync(folder, 0o777)
  const isRoot = process.geteuid?.() === 0
  if (isRoot) process.seteuid?.(nobody) // who may write everywhere has no such trouble
  try {
    const askHead = () => Promise.reject(new Error('nothing is asked'))
    const packages = new PackageCache({ folder: join(folder, 'packages'), askHead, logger: silentLogger, maxBytes: 1 })
    const pythons = new PythonEnvironments(join(folder, 'venvs'), silentLogger)
    const ownFolder = join(folder, 'own')
    const environment = { workingDir: null, pyModules: [], envVars: {}, python: null, pyExecutable: 'python3 -u', setupTimeoutMs: 1_000 }
    const listener = { say: () => {}, pass: () => {}, signal: new AbortController().signal }
    const maker = { packages, pythons, programsFolder: folder }
    const { env, release } = await prepareEnvironment(maker, { environment, ownFolder, fixed: {} }, listener)
    expect(env['PATH']).toContain(join(ownFolder, 'bin'))
    chmodSync(join(ownFolder, 'bin'), 0o500)
    release()
    expect(existsSync(join(ownFolder, 'bin', 'python'))).toBe(true)
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
})
