import { afterEach, expect, test } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { answerQuestions } from '#src-main/cli/questions/answer-questions.ts'
import type { Person } from '#src-main/cli/questions/person.ts'
import type { SshAnswers } from '#src-main/cli/questions/ssh-answers.ts'
import type { PanelSession } from '#src-main/cli/panel-session.ts'
import { topics } from '#src-main/contract/topics.ts'
import { QuestionDesk } from '#src-main/services/question-desk.ts'
import type { SshTarget } from '#src-main/ssh/host-connection.ts'
import { TopicHub } from '#src-main/topics/topic-hub.ts'

const ending: (() => void)[] = []
afterEach(() => ending.splice(0).forEach((end) => end()))

const target = { user: 'user', host: 'h', port: 22 } as SshTarget // what questions show of it
const key = { target, keyType: 'ssh-ed25519', fingerprint: 'SHA256:abc', key: Buffer.alloc(0) }
const noAnswers: SshAnswers = {
  isAsked: true,
  acceptNewHostKeys: false,
  password: undefined,
  passphrase: undefined,
  token: undefined,
  vaultPassphrase: undefined,
}

/** The real desk behind a session of two calls, and a person who types these lines. */
function setUp({ answers, typed }: { answers?: Partial<SshAnswers>; typed?: (string | undefined)[] }) {
  const hub = new TopicHub(topics, { logger: silentLogger })
  let count = 0
  const desk = new QuestionDesk({
    nowMs: () => Date.now(),
    machineIdOf: () => null,
    randomHex: (digits) => String(++count).padStart(digits, '0'),
    secrets: { canKeep: () => false, find: async () => undefined, keep: async () => {}, forget: async () => {} },
    publish: (change) => hub.publish('questions', change),
  })
  const panel = {
    async call(_method: string, input: { questionId: string; answer: never }) {
      desk.answer(input.questionId, input.answer)
      return {}
    },
    subscribe: (topic: string, onEvent: (event: unknown) => void) =>
      hub.subscribe(topic, {}, ({ events }) => events.forEach((event) => onEvent(JSON.parse(event)))),
    async close() {},
  } as unknown as PanelSession // the one call that answering makes
  const said: string[] = []
  const asked: { prompt: string; isHidden: boolean }[] = []
  const person: Person = {
    isThere: typed !== undefined,
    tell: (text) => void said.push(text),
    ask: async (prompt, options) => {
      asked.push({ prompt, isHidden: options?.isHidden === true })
      return typed?.shift()
    },
  }
  const terminal = {
    print: () => {},
    warn: (text: string) => void said.push(text),
    isJson: false,
    isInteractive: false,
    onInterrupt: () => {},
  }
  const session = answerQuestions({ panel, terminal, answers: { ...noAnswers, ...answers }, person })
  ending.push(() => {
    session.close()
    hub.close()
  })
  return { questions: desk.questions(), said, asked }
}

test('a person who types yes accepts a key after seeing its fingerprint; anything but yes, no and all is asked again', async () => {
  const { questions, said, asked } = setUp({ typed: ['y', 'yes'] })
  expect(await questions.acceptHostKey(key)).toBe(true)
  expect(said.join('\n')).toContain('user@h:22 shows a host key that was never seen:\n  ssh-ed25519 SHA256:abc')
  expect(asked).toHaveLength(2)
})

test('no refuses, and all accepts every further key of the run, each with its fingerprint said', async () => {
  expect(await setUp({ typed: ['no'] }).questions.acceptHostKey(key)).toBe(false)
  const { questions, said, asked } = setUp({ typed: ['all'] })
  const others = ['SHA256:one', 'SHA256:two'].map((fingerprint) => questions.acceptHostKey({ ...key, fingerprint }))
  expect(await Promise.all([questions.acceptHostKey(key), ...others])).toEqual([true, true, true])
  expect(asked).toHaveLength(1)
  expect(said.filter((line) => line.startsWith('Accepted the new host key'))).toHaveLength(2)
})

test('passwords are typed hidden, and prompts of the server as it wishes', async () => {
  const { questions, asked } = setUp({ typed: ['s3cret', 'me', '123456'] })
  expect(await questions.password({ target, attempt: 0 })).toBe('s3cret')
  const prompts = [
    { prompt: 'Name: ', isEchoed: true },
    { prompt: 'Code: ', isEchoed: false },
  ]
  expect(await questions.keyboardInteractive({ target, name: '', instructions: '', prompts })).toEqual(['me', '123456'])
  expect(asked.map(({ isHidden }) => isHidden)).toEqual([true, false, true])
})

test('without a terminal a question is refused, and the flag that helps is named', async () => {
  const { questions, said } = setUp({})
  expect(await questions.acceptHostKey(key)).toBe(false)
  expect(await questions.password({ target, attempt: 0 })).toBeUndefined()
  expect(await questions.passphrase({ target, keyFile: '/k', attempt: 0 })).toBeUndefined()
  expect(said[0]).toMatch(/SHA256:abc.*--accept-new-host-keys/)
  expect(said[1]).toMatch(/user@h:22 wants a password.*--password-file FILE/)
  expect(said[2]).toMatch(/\/k wants its passphrase.*ssh-add.*--passphrase-file/)
})

test('flags answer in place of a person; each accepted key is said, and a wrong password is not tried twice', async () => {
  const { questions, said, asked } = setUp({ answers: { acceptNewHostKeys: true, password: 's3cret' }, typed: [] })
  expect(await questions.acceptHostKey(key)).toBe(true)
  expect(await questions.password({ target, attempt: 0 })).toBe('s3cret')
  expect(await questions.password({ target, attempt: 1 })).toBeUndefined()
  const prompts = [{ prompt: 'Password: ', isEchoed: false }]
  expect(await questions.keyboardInteractive({ target, name: '', instructions: '', prompts })).toEqual(['s3cret'])
  expect(asked).toEqual([])
  expect(said).toEqual([
    'Accepted the new host key of user@h:22: ssh-ed25519 SHA256:abc',
    'user@h:22 refuses the password of --password-file',
  ])
  expect(said.join()).not.toContain('s3cret')
})
