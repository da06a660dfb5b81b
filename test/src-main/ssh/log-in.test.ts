import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openConnection } from '#src-main/ssh/open-connection.ts'
import { command, makeKey, noSshServer, startSshServer } from '#test/support/ssh-server.ts'
import { aBed, anIo, answering, aTarget, failureOf, tempFolder, throwawayUser } from './bed.ts'

const missing = noSshServer()
const needs = missing ? ` (needs ${missing})` : ''
// Without PAM, which makes whoever was wrong wait for two seconds.
const passwords = ['UsePAM no', 'PasswordAuthentication yes', 'KbdInteractiveAuthentication no']
const prompts = ['UsePAM yes', 'PasswordAuthentication no', 'KbdInteractiveAuthentication yes']

const kinds = [
  { name: 'ed25519', type: 'ed25519', options: {} },
  { name: 'ecdsa', type: 'ecdsa', options: {} },
  { name: 'rsa', type: 'rsa', options: {} },
  { name: 'ed25519, encrypted', type: 'ed25519', options: { passphrase: 'over the hills' } },
  { name: 'ecdsa, encrypted', type: 'ecdsa', options: { passphrase: 'over the hills' } },
  { name: 'rsa, encrypted, PEM', type: 'rsa', options: { passphrase: 'over the hills', format: 'PEM' } },
] as const

test.skipIf(missing).each(kinds)(`a key of the kind $name opens the door${needs}`, async ({ type, options }) => {
  using folder = tempFolder()
  await using server = await startSshServer()
  const file = join(folder.path, 'key')
  server.authorize(makeKey(file, type, options))
  const { questions, asked } = answering({ passphrase: async ({ attempt }) => (attempt === 0 ? 'wrong one' : 'over the hills') })

  const connection = await openConnection(aTarget(server, { keyFiles: [file] }), anIo(folder, { questions }))
  expect((await connection.exec('whoami')).stdout).toBe('root\n')
  connection.close()

  expect(await connection.closed).toBeNull()
  expect(asked).toEqual('passphrase' in options ? ['host-key', 'passphrase 0', 'passphrase 1'] : ['host-key'])
})

test.skipIf(missing)(`no passphrase is asked for a key that the server does not want${needs}`, async () => {
  using folder = tempFolder()
  await using server = await startSshServer()
  const stranger = join(folder.path, 'stranger')
  const ours = join(folder.path, 'ours')
  makeKey(stranger, 'ed25519', { passphrase: 'a secret of mine' })
  server.authorize(makeKey(ours, 'ed25519'))
  const { questions, asked } = answering()

  const connection = await openConnection(aTarget(server, { keyFiles: [stranger, ours] }), anIo(folder, { questions }))
  connection.close()
  expect(asked).toEqual(['host-key'])

  const error = await failureOf(openConnection(aTarget(server, { keyFiles: [stranger] }), anIo(folder, { questions })))
  expect(error).toMatchObject({ code: 'ssh.auth-failed', details: { reason: 'key-refused' } })
  expect(asked).toEqual(['host-key'])
  expect(String(error)).toContain(stranger)
  expect(String(error)).toContain('The server takes: publickey')
  expect(String(error)).toContain('ssh-copy-id')
})

test.skipIf(missing)(`a wrong passphrase three times is told apart from a refused key, and is in no message${needs}`, async () => {
  using folder = tempFolder()
  await using server = await startSshServer()
  const file = join(folder.path, 'key')
  server.authorize(makeKey(file, 'ed25519', { passphrase: 'right' }))
  const { questions, asked } = answering({ passphrase: async () => 'hunter2-planted' })

  const error = await failureOf(openConnection(aTarget(server, { keyFiles: [file] }), anIo(folder, { questions })))
  expect(asked).toEqual(['host-key', 'passphrase 0', 'passphrase 1', 'passphrase 2'])
  expect(error).toMatchObject({ code: 'ssh.auth-failed', details: { reason: 'passphrase-missing' } })
  expect(String(error)).toContain('the passphrase was wrong 3 times')
  expect(JSON.stringify(error) + String(error)).not.toContain('hunter2-planted')
})

test.skipIf(missing)(`an agent signs, and limited to the key files it offers only those${needs}`, async () => {
  using folder = tempFolder()
  await using server = await startSshServer({ config: ['MaxAuthTries 2'] })
  const socket = join(folder.path, 'agent')
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
  try {
    await delay(300)
    const others = ['rsa', 'ecdsa', 'ed25519'].map((name) => join(folder.path, name))
    const files = [...others, join(folder.path, 'ours')]
    makeKey(files[0] ?? '', 'rsa')
    makeKey(files[1] ?? '', 'ecdsa')
    makeKey(files[2] ?? '', 'ed25519')
    server.authorize(makeKey(files[3] ?? '', 'rsa'))
    for (const file of files) command('env', `SSH_AUTH_SOCK=${socket}`, 'ssh-add', '-q', file)

    // Four keys and two tries a connection: it takes more than one connection to come to the right one.
    const all = await openConnection(aTarget(server, { agentSocket: socket }), anIo(folder))
    expect((await all.exec('echo in')).stdout).toBe('in\n')
    all.close()

    const before = server.log().split('Connection from').length
    const limited = { agentSocket: socket, isAgentLimitedToKeyFiles: true, keyFiles: [`${files[3] ?? ''}.pub`] }
    const one = await openConnection(aTarget(server, limited), anIo(folder))
    one.close()
    expect(server.log().split('Connection from').length - before).toBe(1)
  } finally {
    agent.kill()
  }
})

test.skipIf(missing)(`an agent that is not there is passed over and named in the failure${needs}`, async () => {
  using folder = tempFolder()
  await using server = await startSshServer()
  const error = await failureOf(openConnection(aTarget(server, { agentSocket: '/nowhere/agent.sock' }), anIo(folder)))
  expect(error).toMatchObject({ code: 'ssh.auth-failed', details: { reason: 'no-way-in-common' } })
  expect(String(error)).toContain('/nowhere/agent.sock')
  expect(String(error)).toContain('Give this machine a key')
})

test.skipIf(missing)(`a password: asked again when it was wrong, refused by name after three, and in no message${needs}`, async () => {
  using folder = tempFolder()
  using user = throwawayUser()
  await using server = await startSshServer({ config: passwords })
  const target = aTarget(server, { user: user.name })
  const second = answering({ password: async ({ attempt }) => (attempt === 1 ? user.password : 'planted-wrong') })
  const connection = await openConnection(target, anIo(folder, { questions: second.questions }))
  expect((await connection.exec('whoami')).stdout).toBe(`${user.name}\n`)
  connection.close()
  expect(second.asked).toEqual(['host-key', 'password 0', 'password 1'])

  const never = answering({ password: async () => 'planted-wrong' })
  const error = await failureOf(openConnection(target, anIo(folder, { questions: never.questions })))
  expect(never.asked).toEqual(['password 0', 'password 1', 'password 2'])
  expect(error).toMatchObject({ code: 'ssh.auth-failed', details: { reason: 'wrong-password' } })
  expect(String(error)).toContain('refused the password 3 times')
  expect(JSON.stringify(error) + String(error)).not.toContain('planted-wrong')
})

test.skipIf(missing)(`a server that hangs up after one wrong password is called again${needs}`, async () => {
  using folder = tempFolder()
  using user = throwawayUser()
  await using server = await startSshServer({ config: ['MaxAuthTries 1', ...passwords] })
  const { questions, asked } = answering({ password: async ({ attempt }) => (attempt === 2 ? user.password : 'wrong') })
  const connection = await openConnection(aTarget(server, { user: user.name }), anIo(folder, { questions }))
  connection.close()
  expect(asked).toEqual(['host-key', 'password 0', 'password 1', 'password 2'])
})

test.skipIf(missing)(
  `keyboard-interactive: the password that is at hand answers the plain prompt, else a person does${needs}`,
  async () => {
    using folder = tempFolder()
    using user = throwawayUser()
    await using server = await startSshServer({ config: prompts })
    const stored = answering({ password: async () => user.password })
    const first = await openConnection(aTarget(server, { user: user.name }), anIo(folder, { questions: stored.questions }))
    first.close()
    expect(stored.asked).toEqual(['host-key', 'password 0'])

    const seen: unknown[] = []
    const person = answering({
      keyboardInteractive: async (question) => {
        seen.push(question.prompts)
        return seen.length === 1 ? ['wrong'] : [user.password]
      },
    })
    const ways = new Set(['keyboard-interactive'] as const)
    const second = await openConnection(aTarget(server, { user: user.name, ways }), anIo(folder, { questions: person.questions }))
    second.close()
    expect(person.asked).toEqual(['prompts', 'prompts'])
    expect(seen[0]).toEqual([{ prompt: 'Password: ', isEchoed: false }])

    const nobody = answering()
    const error = await failureOf(openConnection(aTarget(server, { user: user.name }), anIo(folder, { questions: nobody.questions })))
    expect(error).toMatchObject({ code: 'ssh.auth-failed', details: { reason: 'no-way-in-common' } })
    expect(nobody.asked).toEqual(['password 0', 'prompts'])
  },
)

test.skipIf(missing).each(['key', 'agent'] as const)(
  `a server that wants a key and a password gets both, the key from the %s${needs}`,
  async (way) => {
    using folder = tempFolder()
    using user = throwawayUser()
    await using server = await startSshServer({ config: ['AuthenticationMethods publickey,password', ...passwords] })
    const file = join(folder.path, 'key')
    server.authorize(makeKey(file, 'rsa'))
    const socket = join(folder.path, 'agent')
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
    try {
      await delay(300)
      command('env', `SSH_AUTH_SOCK=${socket}`, 'ssh-add', '-q', file)
      const { questions, asked } = answering({ password: async () => user.password })
      const target = aTarget(server, { user: user.name, ...(way === 'key' ? { keyFiles: [file] } : { agentSocket: socket }) })
      const connection = await openConnection(target, anIo(folder, { questions }))
      connection.close()
      expect(asked).toEqual(['host-key', 'password 0'])
    } finally {
      agent.kill()
    }
  },
)

test.skipIf(missing)(`a person may take longer than the server waits, and the answer still counts${needs}`, async () => {
  using folder = tempFolder()
  using user = throwawayUser()
  await using server = await startSshServer({ config: ['LoginGraceTime 1', ...passwords] })
  const { questions, asked } = answering({
    acceptHostKey: () => delay(1_500, true),
    password: () => delay(1_500, user.password),
  })
  const io = anIo(folder, { questions, timeouts: { handshakeMs: 1_200, authMs: 1_200 } })
  const connection = await openConnection(aTarget(server, { user: user.name }), io)
  connection.close()
  expect(asked).toEqual(['host-key', 'password 0'])
})

test.skipIf(missing)(`connecting that is cancelled while a person is asked ends at once${needs}`, async () => {
  using folder = tempFolder()
  await using server = await startSshServer()
  const cancel = new AbortController()
  const { questions } = answering({
    acceptHostKey: () => {
      cancel.abort()
      return new Promise(() => {})
    },
  })
  const error = await failureOf(openConnection(aTarget(server), anIo(folder, { questions, signal: cancel.signal })))
  expect(error).toMatchObject({ code: 'link.closed' })
})

test.skipIf(missing)(`what a connection was asked for is not in what the server logs or the connection says${needs}`, async () => {
  await using bed = await aBed()
  await bed.connection.script('echo done', ['planted-argument'])
  const processes = await bed.connection.script('ps -eo args | grep -c "planted-[a]rgument" || true', ['planted-argument'])
  expect(processes.stdout.trim()).toBe('0')
  expect(bed.server.log()).not.toContain('planted-argument')
})
