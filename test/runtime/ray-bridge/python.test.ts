import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { rayEnv, whyNoRay } from '../../support/ray-python.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))
const bridge = fileURLToPath(new URL('../../../runtime/ray-bridge', import.meta.url))
const files = readdirSync(folder).filter((name) => name.endsWith('.py'))

/** The environment with Ray where there is one, so that nothing is left out. */
const missingRay = whyNoRay()
const python = (missingRay === undefined && rayEnv()['SHOAL_RAY_PYTHON']) || 'python3'
const hasPython = spawnSync(python, ['--version']).status === 0

describe.skipIf(!hasPython)(`the Python side of the bridge to Ray${hasPython ? '' : ` (needs ${python})`}`, () => {
  test.each(files)(
    '%s',
    (name) => {
      const { status, stderr } = spawnSync(python, ['-B', '-W', 'error', '-m', 'unittest', '-v', name], {
        cwd: folder,
        env: { ...process.env, PYTHONPATH: bridge },
        encoding: 'utf8',
        timeout: 60_000,
      })
      expect(stderr).toMatch(/Ran \d+ tests?/)
      expect(status, stderr).toBe(0)
      if (missingRay === undefined) expect(stderr).not.toMatch(/skipped/)
    },
    70_000,
  )
})
