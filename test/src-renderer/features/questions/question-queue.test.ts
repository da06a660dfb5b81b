import { expect, test } from 'vitest'
import type { Question } from '#src-main/contract/questions.ts'
import { compareCommand, isNotice, nextOf, userOf } from '#src-renderer/features/questions/question-queue.ts'

let count = 0
const common = (where: string, askedAtMs: number) => ({ id: `q-${String(++count).padStart(16, '0')}`, machineId: null, where, askedAtMs })
const hostKey = (where: string, askedAtMs: number): Question => ({
  ...common(where, askedAtMs),
  kind: 'host-key',
  keyType: 'ssh-ed25519',
  fingerprint: `SHA256:${where}`,
})
const password = (where: string, askedAtMs: number, attempt = 0): Question => ({
  ...common(where, askedAtMs),
  kind: 'password',
  attempt,
  canKeep: false,
})
const prompts = (where: string, askedAtMs: number, ...texts: string[]): Question => ({
  ...common(where, askedAtMs),
  kind: 'keyboard-interactive',
  name: '',
  instructions: '',
  prompts: texts.map((prompt) => ({ prompt, isEchoed: false })),
})

test('new host keys are asked all together, before anything else, in the order in which they came', () => {
  const next = nextOf([password('ada@a:22', 1), hostKey('ada@c:22', 3), hostKey('ada@b:22', 2)])
  expect(next?.kind === 'host-keys' && next.questions.map(({ where }) => where)).toEqual(['ada@b:22', 'ada@c:22'])
})

test('other questions come one at a time, the oldest first', () => {
  const next = nextOf([prompts('ada@b:22', 5, 'Code:'), password('ada@a:22', 4)])
  expect(next).toMatchObject({ kind: 'secret', question: { where: 'ada@a:22' } })
  expect(nextOf([])).toBeUndefined()
})

test('a password may be for others of the same user, but not where it was refused', () => {
  const next = nextOf([password('ada@a:22', 1), password('ada@b:22', 2), password('bob@c:22', 3), password('ada@d:22', 4, 1)])
  expect(next?.kind === 'secret' && next.alike.map(({ where }) => where)).toEqual(['ada@b:22'])
})

test('so may one that a server asks for in its own words; a code is good only once', () => {
  const asked = [
    prompts('ada@a:22', 1, 'Password: '),
    prompts('ada@b:22', 2, "ada@b's password:"),
    prompts('ada@c:22', 3, 'One-time password:'),
  ]
  const next = nextOf(asked)
  expect(next?.kind === 'prompts' && next.alike.map(({ where }) => where)).toEqual(['ada@b:22'])
  const codes = nextOf([prompts('ada@a:22', 1, 'Verification code:'), prompts('ada@b:22', 2, 'Verification code:')])
  expect(codes?.kind === 'prompts' && codes.alike).toEqual([])
})

test('what has no prompt is a notice, and a user is what stands before the last @', () => {
  expect(isNotice(prompts('ada@a:22', 1))).toBe(true)
  expect(isNotice(prompts('ada@a:22', 1, 'Code:'))).toBe(false)
  expect(userOf({ where: 'ada@example.org@gate:22' })).toBe('ada@example.org')
  expect(compareCommand('ecdsa-sha2-nistp256')).toBe('ssh-keygen -lf /etc/ssh/ssh_host_ecdsa_key.pub')
})
