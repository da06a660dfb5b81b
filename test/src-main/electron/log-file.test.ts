import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createLogFile } from '#src-main/electron/log-file.ts'

test('the log is the user’s alone, goes on after a restart, and does not grow without end', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-log-'))
  const path = join(folder, 'desktop.log')
  createLogFile(path)('first')
  const write = createLogFile(path)
  write('second\n')
  expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['first\nsecond\n', 0o600])
  for (let count = 0; count < 50; count += 1) write('x'.repeat(100_000))
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size)
  expect(readdirSync(folder).sort()).toEqual(['desktop.log', 'desktop.log.1'])
  expect(Math.max(...sizes)).toBeLessThan(1_300_000)
  rmSync(folder, { recursive: true })
  expect(() => write('to nowhere')).not.toThrow()
})
