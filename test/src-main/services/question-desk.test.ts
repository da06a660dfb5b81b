import { expect, test } from 'vitest'
import type { Question } from '#src-main/contract/questions.ts'
import { createKeptSecrets } from '#src-main/services/kept-secrets.ts'
import { QuestionDesk } from '#src-main/services/question-desk.ts'
import type { SshTarget } from '#src-main/ssh/host-connection.ts'
import type { SecretStore } from '#src-main/storage/secret-store.ts'

const target: SshTarget = {
  name: 'gpu1',
  host: '10.0.0.1',
  port: 22,
  user: 'ada',
  keyFiles: [],
  agentSocket: undefined,
  ways: new Set(),
  jump: [],
}
const machineId = 'm-0123456789ab'

function openDesk(kept: Record<string, string> = {}, patienceMs = 60_000) {
  const lasting = new Map(Object.entries(kept))
  const store: SecretStore = {
    kind: 'vault',
    isOpen: true,
    get: async (key) => lasting.get(key),
    set: async (key, secret) => void lasting.set(key, secret),
    delete: async (key) => lasting.delete(key),
    list: async () => [...lasting.keys()],
  }
  const secrets = createKeptSecrets(store)
  const published: { id: string; value: Question | null }[] = []
  let made = 0
  const randomHex = (digits: number) => (made++).toString(16).padStart(digits, '0')
  const desk = new QuestionDesk({
    nowMs: () => 1_000,
    randomHex,
    secrets,
    machineIdOf: ({ name }) => (name === 'gpu1' ? machineId : null),
    publish: (change) => void published.push(change),
    patienceMs,
  })
  return { desk, lasting, published, questions: desk.questions() }
}

test('a password that is kept is used without asking, once; when it was wrong a person is asked and the new one may be kept', async () => {
  const { desk, lasting, questions } = openDesk({ 'password:ada@10.0.0.1:22': 'old' })
  expect(await questions.password({ target, attempt: 0 })).toBe('old')
  const asked = questions.password({ target, attempt: 1 })
  await new Promise(setImmediate)
  const [question] = desk.list()
  expect(question).toMatchObject({ kind: 'password', where: 'ada@10.0.0.1:22', attempt: 1, machineId })
  desk.answer(question?.id ?? '', { kind: 'secret', secret: 'new', keep: true })
  expect(await asked).toBe('new')
  expect(lasting.get('password:ada@10.0.0.1:22')).toBe('new')
  expect(desk.list()).toEqual([])
})

test('an answer is kept for good only when the person says so, and else until the panel ends', async () => {
  const { desk, lasting, questions } = openDesk()
  const question = { target, keyFile: '/keys/id', attempt: 0 }
  const asked = questions.passphrase(question)
  await new Promise(setImmediate)
  desk.answer(desk.list()[0]?.id ?? '', { kind: 'secret', secret: 'word', keep: false })
  expect(await asked).toBe('word')
  expect([...lasting]).toEqual([])
  expect(await questions.passphrase(question)).toBe('word')
})

test('a host key is accepted only by the fingerprint that was shown', async () => {
  const { desk, questions } = openDesk()
  const asked = questions.acceptHostKey({ target, keyType: 'ssh-ed25519', fingerprint: 'SHA256:shown' })
  const id = desk.list()[0]?.id ?? ''
  expect(() => desk.answer(id, { kind: 'accept-host-key', fingerprint: 'SHA256:other' })).toThrow('is about the key SHA256:shown')
  expect(() => desk.answer(id, { kind: 'secret', secret: 'x', keep: false })).toThrow('takes an answer of kind accept-host-key')
  desk.answer(id, { kind: 'accept-host-key', fingerprint: 'SHA256:shown' })
  expect(await asked).toBe(true)
  expect(() => desk.answer(id, { kind: 'refuse' })).toThrow('nobody waits for an answer')
})

test('nobody answers: the connection goes on without, and everybody who looks sees the question go', async () => {
  const { published, questions } = openDesk({}, 20)
  expect(await questions.acceptHostKey({ target, keyType: 'ssh-ed25519', fingerprint: 'SHA256:x' })).toBe(false)
  expect(published.map(({ value }) => value?.kind ?? null)).toEqual(['host-key', null])
})

test('a panel that ends answers all questions with no', async () => {
  const { desk, questions } = openDesk()
  const prompts = [{ prompt: 'Code: ', isEchoed: true }]
  const asked = questions.keyboardInteractive({ target: { ...target, name: 'hop' }, name: '', instructions: 'Code?', prompts })
  expect(desk.list()).toMatchObject([{ kind: 'keyboard-interactive', machineId: null, prompts }])
  desk.close()
  expect(await asked).toBeUndefined()
  expect(desk.list()).toEqual([])
})
