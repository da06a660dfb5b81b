import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { FlagValues } from '#runtime/cli/command.ts'
import { sshFlags } from '#src-main/cli/panel-flags.ts'
import { rayTokenFrom, sshAnswersFrom } from '#src-main/cli/questions/ssh-answers.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-answers-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function answersFrom(text: string, mode: number) {
  const file = join(folder, 'secret')
  writeFileSync(file, text)
  chmodSync(file, mode)
  return () => sshAnswersFrom(new FlagValues(sshFlags, new Map([['password-file', file]])), sshFlags)
}

test('the first line of a file of this user alone is the password', () => {
  expect(answersFrom('s3cret \nsecond\n', 0o600)()).toMatchObject({ password: 's3cret ', passphrase: undefined, isAsked: true })
})

test('a file that others can read is refused, and so is one without a first line', () => {
  expect(answersFrom('s3cret\n', 0o640)).toThrow(/can be read by other users.*chmod 600/)
  expect(answersFrom('\ns3cret\n', 0o600)).toThrow('its first line is empty')
  expect(answersFrom('x'.repeat(5_000), 0o600)).toThrow('longer than 4096 letters')
  const missing = new FlagValues(sshFlags, new Map([['passphrase-file', join(folder, 'none')]]))
  expect(() => sshAnswersFrom(missing, sshFlags)).toThrow(/--passphrase-file .*cannot be read/)
})

test('a refusal never repeats what the file holds', () => {
  for (const make of [answersFrom('s3cret\n', 0o644), answersFrom(`s3cret${'x'.repeat(5_000)}`, 0o600)]) {
    try {
      make()
      expect.unreachable()
    } catch (error) {
      expect(String(error)).not.toContain('s3cret')
    }
  }
})

test('a command that goes to no machine answers nothing', () => {
  expect(sshAnswersFrom(new FlagValues({}, new Map()), {}).isAsked).toBe(false)
})

test('the token of a Ray head is also taken where the commands of Ray look for it, and no file of the environment is in the way', () => {
  const none = new FlagValues(sshFlags, new Map())
  expect(rayTokenFrom(none, { RAY_AUTH_TOKEN: 'abc\n', RAY_AUTH_TOKEN_PATH: '/nowhere' })).toBe('abc')
  expect(rayTokenFrom(none, { RAY_AUTH_TOKEN_PATH: '/nowhere/token' })).toBeUndefined()
  expect(rayTokenFrom(none, {})).toBeUndefined()
})
