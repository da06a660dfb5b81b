import { chmodSync, createReadStream, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openConnection } from '#src-main/ssh/open-connection.ts'
import { noSshServer } from '#test/support/ssh-server.ts'
import { aBed, failureOf, throwawayUser } from './bed.ts'

const missing = noSshServer()
const needs = missing ? ` (needs ${missing})` : ''

test.skipIf(missing)(`a command: its outputs, its exit code, the signal that ended it${needs}`, async () => {
  await using bed = await aBed()
  const lines: string[] = []
  const result = await bed.connection.exec('echo one; echo two >&2; printf three; exit 7', {
    onLine: (line, stream) => void lines.push(`${stream} ${line}`),
  })
  expect(result).toEqual({ code: 7, signal: null, stdout: 'one\nthree', stderr: 'two\n', isTruncated: false })
  expect(lines.toSorted()).toEqual(['stderr two', 'stdout one', 'stdout three'])
  expect(await bed.connection.exec('kill -TERM $$')).toMatchObject({ code: null, signal: 'SIGTERM' })
  expect(await bed.connection.exec('cat')).toMatchObject({ code: 0, stdout: '' })
  expect((await bed.connection.exec('no-such-program-here')).code).toBe(127)
})

test.skipIf(missing)(`megabytes go in and out whole, and what is over the limit is dropped and said so${needs}`, async () => {
  await using bed = await aBed()
  const text = 'häuser und bäume, zeile für zeile\n'.repeat(150_000)
  const whole = await bed.connection.exec('cat', { stdin: text, maxOutputBytes: 16 * 1024 * 1024 })
  expect(whole.stdout === text).toBe(true)
  expect(whole.isTruncated).toBe(false)

  const file = join(bed.path, 'input')
  writeFileSync(file, text)
  const counted = await bed.connection.exec('wc -c', { stdin: createReadStream(file) })
  expect(Number(counted.stdout)).toBe(Buffer.byteLength(text))

  const cut = await bed.connection.exec('head -c 3000000 /dev/zero; echo end >&2', { maxOutputBytes: 1_000 })
  expect(cut).toMatchObject({ code: 0, stderr: 'end\n', isTruncated: true })
  expect(cut.stdout).toHaveLength(1_000)

  // Ends without reading what it is given.
  expect(await bed.connection.exec('exit 3', { stdin: createReadStream('/dev/zero') })).toMatchObject({ code: 3 })
})

test.skipIf(missing)(`fourteen commands at once all run, eight at a time${needs}`, async () => {
  await using bed = await aBed()
  const results = await Promise.all(Array.from({ length: 14 }, (_, index) => bed.connection.exec(`sleep 0.2; echo ${index}`)))
  expect(results.map((result) => Number(result.stdout))).toEqual(Array.from({ length: 14 }, (_, index) => index))
})

test.skipIf(missing)(`a server that allows fewer sessions gets fewer at a time${needs}`, async () => {
  await using bed = await aBed({ config: ['MaxSessions 2'] })
  const results = await Promise.all(Array.from({ length: 7 }, (_, index) => bed.connection.exec(`sleep 0.1; echo ${index}`)))
  expect(results.map((result) => result.code)).toEqual([0, 0, 0, 0, 0, 0, 0])
})

test.skipIf(missing)(`a command that runs too long, or is cancelled, is ended there too${needs}`, async () => {
  using user = throwawayUser() // sshd ends no processes of root
  await using bed = await aBed()
  chmodSync(bed.path, 0o777)
  const connection = await openConnection({ ...bed.target, user: user.name }, bed.io)
  const flag = join(bed.path, 'still-running')
  const late = await failureOf(connection.exec(`sleep 1.5; touch ${flag}`, { timeoutMs: 200 }))
  expect(late).toMatchObject({ code: 'timeout', details: { timeoutMs: 200 } })

  const cancel = new AbortController()
  setTimeout(() => cancel.abort(), 200)
  const began = performance.now()
  const cancelled = await failureOf(connection.exec(`sleep 1.5; touch ${flag}`, { signal: cancel.signal }))
  expect(cancelled).toMatchObject({ code: 'link.closed' })
  expect(performance.now() - began).toBeLessThan(1_000)
  await delay(1_800)
  expect(existsSync(flag)).toBe(false)
  expect(await failureOf(connection.exec('true', { signal: cancel.signal }))).toMatchObject({ code: 'link.closed' })
  connection.close()
})

test.skipIf(missing)(`a command that leaves something behind which holds its output open ends all the same${needs}`, async () => {
  await using bed = await aBed()
  const began = performance.now()
  const result = await bed.connection.exec('sleep 20 & echo $!; exit 4')
  expect(result.code).toBe(4)
  expect(performance.now() - began).toBeLessThan(9_000)
  process.kill(Number(result.stdout), 'SIGKILL')
})

test.skipIf(missing)(`a script gets its arguments as they are, and its commands do not eat the rest of it${needs}`, async () => {
  await using bed = await aBed()
  const args = ["it's", 'a\\b!', 'two\nlines', '', '$HOME `id`', '--', '*']
  const result = await bed.connection.script('cat\nfor each in "$@"; do printf "<%s>" "$each"; done\nexit 5 # the end', args)
  expect(result.stdout).toBe(args.map((arg) => `<${arg}>`).join(''))
  expect(result.code).toBe(5)
  expect(await bed.connection.script('if then')).toMatchObject({ code: 2 })
})

test.skipIf(missing)(`a terminal: typed text, its size and a new one, Ctrl-C, and how it ends${needs}`, async () => {
  await using bed = await aBed()
  const shell = await bed.connection.openShell({ cols: 91, rows: 33, command: 'exec /bin/sh' })
  let seen = ''
  shell.output.on('data', (chunk: Buffer) => (seen += chunk.toString()))
  const until = async (text: RegExp) => {
    for (let tries = 0; tries < 200 && !text.test(seen); tries += 1) await delay(25)
    expect(seen).toMatch(text)
  }
  shell.write('stty size\n')
  await until(/33 91/)
  shell.resize(120, 40)
  shell.write('stty size\n')
  await until(/40 120/)
  shell.write('sleep 30; echo woke-$?\n')
  await delay(200)
  shell.write('\u0003')
  await delay(100)
  shell.write('echo after-ctrl-c; exit 9\n')
  await until(/after-ctrl-c\r\n/)
  expect(await shell.ended).toEqual({ code: 9, signal: null })
  expect(seen).not.toMatch(/woke-0/)
})

test.skipIf(missing)(`a terminal whose output nobody reads is held back, and ends when it is closed${needs}`, async () => {
  await using bed = await aBed()
  const counter = join(bed.path, 'written')
  const shell = await bed.connection.openShell({
    cols: 80,
    rows: 24,
    command: `while :; do head -c 1000000 /dev/zero; echo x >>${counter}; done`,
  })
  await delay(1_000)
  const after = readFileSync(counter, 'utf8').length
  await delay(500)
  expect(readFileSync(counter, 'utf8').length).toBe(after)
  expect(after).toBeLessThan(40)
  shell.close()
  expect(await shell.ended).toMatchObject({ code: null })
})
