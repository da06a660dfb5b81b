import { expect, test } from 'vitest'
import { isShoalVersion, VersionInfo } from '#runtime/api/version.ts'

test('what Ray 2.9 answers, which names no session, is understood', () => {
  const answered = { version: '4', ray_version: '2.9.3', ray_commit: 'abc' }
  const version = VersionInfo.parse(answered)
  expect(version).toEqual({ ...answered, session_name: '' })
  expect(isShoalVersion(version)).toBe(false)
})
