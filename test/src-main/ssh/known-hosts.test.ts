import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fingerprintOf, hashedLine, hostKeyName, isAboutHost, parseHostKeyLines } from '#src-main/ssh/host-key-lines.ts'
import { KnownHosts } from '#src-main/ssh/known-hosts.ts'
import { tempFolder } from './bed.ts'

const hasKeygen = spawnSync('ssh-keygen', ['-?']).error === undefined
const needs = hasKeygen ? '' : ' (needs ssh-keygen)'

const keyOf = (seed: number): Buffer => {
  const type = Buffer.from('ssh-ed25519')
  const body = Buffer.alloc(32, seed)
  const length = (size: number) => Buffer.from([0, 0, 0, size])
  return Buffer.concat([length(type.length), type, length(32), body])
}
const lineOf = (hosts: string, seed: number) => `${hosts} ssh-ed25519 ${keyOf(seed).toString('base64')}`

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/)
const hostName = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'))
const port = fc.oneof(fc.constant(22), fc.integer({ min: 1, max: 65_535 }))

test.skipIf(!hasKeygen)(`ssh-keygen finds what we write, and we find what it hashes${needs}`, () => {
  using folder = tempFolder()
  const file = join(folder.path, 'known_hosts')
  fc.assert(
    fc.property(hostName, port, fc.integer({ min: 0, max: 255 }), (host, at, seed) => {
      const name = hostKeyName(host, at)
      writeFileSync(file, `${hashedLine(name, 'ssh-ed25519', keyOf(seed))}\n`)
      const found = execFileSync('ssh-keygen', ['-F', name, '-f', file], { encoding: 'utf8' })
      expect(found).toContain(keyOf(seed).toString('base64'))

      writeFileSync(file, `${lineOf(name, seed)}\n`)
      execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' })
      const [hashed] = parseHostKeyLines(readFileSync(file, 'utf8'), file)
      expect(hashed?.hosts.startsWith('|1|')).toBe(true)
      expect(isAboutHost(hashed?.hosts ?? '', name)).toBe(true)
      expect(isAboutHost(hashed?.hosts ?? '', hostKeyName(`${host}x`, at))).toBe(false)
    }),
    { numRuns: 25 },
  )
})

test.skipIf(!hasKeygen)(`patterns match the hosts that ssh-keygen says they do${needs}`, () => {
  using folder = tempFolder()
  const file = join(folder.path, 'known_hosts')
  const patterns = [
    '*',
    '*.lab',
    'gpu?.lab',
    '!gpu1.lab,*.lab',
    '*.lab,!gpu1.lab',
    '[*.lab]:2222',
    'gpu1.lab,gpu2.lab',
    'g*1.l?b',
    'GPU1.lab',
  ]
  const names = ['gpu1.lab', 'gpu2.lab', 'gpu10.lab', 'lab', '[gpu1.lab]:2222', '[gpu1.lab]:22', 'gpu1xlab']
  for (const pattern of patterns) {
    writeFileSync(file, `${lineOf(pattern, 1)}\n`)
    for (const name of names) {
      const theirs = spawnSync('ssh-keygen', ['-F', name, '-f', file], { encoding: 'utf8' }).stdout.includes('ssh-ed25519')
      expect([pattern, name, isAboutHost(pattern, name)]).toEqual([pattern, name, theirs])
    }
  }
})

test.skipIf(!hasKeygen)(`fingerprints are those of ssh-keygen -l${needs}`, () => {
  using folder = tempFolder()
  execFileSync('ssh-keygen', ['-q', '-t', 'ecdsa', '-N', '', '-f', join(folder.path, 'key')])
  const [, key = ''] = readFileSync(join(folder.path, 'key.pub'), 'utf8').split(' ')
  const printed = execFileSync('ssh-keygen', ['-lf', join(folder.path, 'key.pub')], { encoding: 'utf8' })
  expect(printed).toContain(` ${fingerprintOf(Buffer.from(key, 'base64'))} `)
})

test('known, unknown, changed and revoked, over several files', () => {
  using folder = tempFolder()
  const users = join(folder.path, 'users')
  const own = join(folder.path, 'own')
  writeFileSync(
    users,
    [
      '# a comment',
      '',
      lineOf('a.lab', 1),
      `@revoked ${lineOf('*', 9)}`,
      `@cert-authority ${lineOf('*', 8)}`,
      'broken line',
      lineOf('[a.lab]:2222', 2),
    ].join('\n'),
  )
  const hosts = new KnownHosts({ ownFile: own, otherFiles: [users, join(folder.path, 'missing'), '/dev/null'] })
  const at = (host: string, number = 22) => ({ host, port: number })

  expect(hosts.check(at('a.lab'), keyOf(1)).kind).toBe('known')
  expect(hosts.check(at('A.LAB'), keyOf(1)).kind).toBe('known')
  expect(hosts.check(at('a.lab', 2_222), keyOf(2)).kind).toBe('known')
  expect(hosts.check(at('a.lab', 2_223), keyOf(2)).kind).toBe('unknown')
  expect(hosts.check(at('b.lab'), keyOf(1)).kind).toBe('unknown')
  expect(hosts.check(at('b.lab'), keyOf(8)).kind).toBe('unknown')
  expect(hosts.check(at('b.lab'), keyOf(9)).kind).toBe('revoked')
  expect(hosts.check(at('a.lab'), keyOf(3))).toMatchObject({ kind: 'changed', known: [{ file: users, line: 3 }] })
  expect([...hosts.knownTypes(at('a.lab'))]).toEqual(['ssh-ed25519'])
  expect([...hosts.knownTypes(at('b.lab'))]).toEqual([])

  hosts.accept(at('b.lab'), keyOf(4))
  hosts.accept(at('b.lab'), keyOf(4))
  hosts.accept(at('c.lab'), keyOf(5))
  expect(hosts.check(at('b.lab'), keyOf(4)).kind).toBe('known')
  expect(readFileSync(own, 'utf8').trim().split('\n')).toHaveLength(2)
  expect(readFileSync(own, 'utf8')).not.toContain('lab')
  expect(statSync(own).mode & 0o777).toBe(0o600)

  expect(hosts.forget(at('a.lab'))).toBe(0)
  expect(hosts.forget(at('b.lab'))).toBe(1)
  expect(hosts.check(at('b.lab'), keyOf(6)).kind).toBe('unknown')
  expect(hosts.check(at('c.lab'), keyOf(5)).kind).toBe('known')
})

test('a key of another type than the known one counts as changed', () => {
  using folder = tempFolder()
  const hosts = new KnownHosts({ ownFile: join(folder.path, 'own'), otherFiles: [] })
  hosts.accept({ host: 'a', port: 22 }, keyOf(1))
  const other = Buffer.concat([Buffer.from([0, 0, 0, 7]), Buffer.from('ssh-rsa'), Buffer.alloc(64, 1)])
  expect(hosts.check({ host: 'a', port: 22 }, other).kind).toBe('changed')
})

test('a file that another program changed is read anew', () => {
  using folder = tempFolder()
  const own = join(folder.path, 'own')
  const hosts = new KnownHosts({ ownFile: own, otherFiles: [] })
  hosts.accept({ host: 'a', port: 22 }, keyOf(1))
  appendFileSync(own, `${lineOf('b', 2)}`)
  expect(hosts.check({ host: 'b', port: 22 }, keyOf(2)).kind).toBe('known')
  hosts.accept({ host: 'c', port: 22 }, keyOf(3))
  expect(hosts.list().map((line) => line.line)).toEqual([1, 2, 3])
})
