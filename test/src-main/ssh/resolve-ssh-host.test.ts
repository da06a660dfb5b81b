import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseHop, resolveSshHost } from '#src-main/ssh/resolve-ssh-host.ts'
import { listSshConfigHosts } from '#src-main/ssh/ssh-config.ts'
import { failureOf, tempFolder } from './bed.ts'

const hasSsh = spawnSync('ssh', ['-V']).error === undefined
const programs = [
  { how: 'as ssh -G says', program: 'ssh' },
  { how: 'without ssh', program: null },
]

function aConfig(folder: string): string {
  const file = join(folder, 'config')
  mkdirSync(join(folder, 'more.d'))
  writeFileSync(join(folder, 'more.d', '10-lab'), 'Host lab-a lab-b\n  HostName %h.example.org\n  User lab\n  Port 2200\n')
  writeFileSync(
    join(folder, 'more.d', '20-far'),
    'Host far\n  HostName 10.0.0.9\n  ProxyJump edge,mid:2022\n\nHost edge\n  HostName edge.example.org\n  User door\n  ProxyJump outer\n',
  )
  writeFileSync(
    file,
    [
      `Include ${folder}/more.d/*`,
      'Host outer',
      '  HostName outer.example.org',
      'Host keyed "quoted name"',
      '  IdentityFile ~/.ssh/special_%r',
      '  IdentityFile /keys/second',
      '  IdentitiesOnly yes',
      '  IdentityAgent ~/agent.sock',
      '  HostKeyAlias the-alias',
      '  UserKnownHostsFile ~/.ssh/lab_hosts /etc/lab_hosts',
      'Host proxied',
      '  ProxyCommand nc -X 5 %h %p',
      'Host no-proxy',
      '  ProxyCommand none',
      'Host round',
      '  ProxyJump round',
      'Host no-agent',
      '  IdentityAgent none',
      'Host !not-this *.wild gpu?',
      '  User wild',
      'Host *',
      '  ServerAliveInterval 30',
    ].join('\n'),
  )
  return file
}

test.each(programs)('an alias becomes host, port, user, keys and hops, $how', async ({ program }) => {
  if (program !== null && !hasSsh) return
  using folder = tempFolder()
  const options = { configFile: aConfig(folder.path), sshProgram: program }
  const resolve = (alias: string, explicit = {}) => resolveSshHost(alias, explicit, options)

  expect(await resolve('lab-a')).toMatchObject({ host: 'lab-a.example.org', port: 2_200, user: 'lab', jump: [] })
  expect(await resolve('lab-a', { user: 'me', port: 22, keyFiles: ['~/k'] })).toMatchObject({
    port: 22,
    user: 'me',
    keyFiles: [join(homedir(), 'k')],
  })
  expect(await resolve('198.51.100.7')).toMatchObject({ host: '198.51.100.7', port: 22 })
  expect(await resolve('x.wild')).toMatchObject({ user: 'wild' })

  expect(await resolve('keyed', { user: 'ann' })).toMatchObject({
    hostKeyAlias: 'the-alias',
    keyFiles: [join(homedir(), '.ssh/special_ann'), '/keys/second'],
    isAgentLimitedToKeyFiles: true,
    agentSocket: join(homedir(), 'agent.sock'),
    knownHostsFiles: [join(homedir(), '.ssh/lab_hosts'), '/etc/lab_hosts'],
  })
  expect((await resolve('no-agent')).agentSocket).toBeUndefined()

  const far = await resolve('far')
  expect(far.jump.map((hop) => [hop.user === 'door' ? 'door' : 'other', hop.host, hop.port, hop.jump.length])).toEqual([
    ['other', 'outer.example.org', 22, 0],
    ['door', 'edge.example.org', 22, 0],
    ['other', 'mid', 2_022, 0],
  ])
  expect((await resolve('far', { jump: [] })).jump).toEqual([])
  expect((await resolve('lab-b', { jump: ['me@edge:24'] })).jump.map((hop) => [hop.name, hop.user, hop.port])).toMatchObject([
    ['outer', expect.any(String), 22],
    ['me@edge:24', 'me', 24],
  ])

  const proxied = await failureOf(resolve('proxied'))
  expect(proxied).toMatchObject({ code: 'not-supported' })
  expect(String(proxied)).toContain('ProxyJump')
  expect((await resolve('no-proxy')).jump).toEqual([])
  expect(await failureOf(resolve('round'))).toMatchObject({ code: 'bad-argument' })
})

test('what could be taken for an option or a command is no name', async () => {
  for (const alias of ['-oProxyCommand=touch /tmp/x', '', 'a b', 'a;b', '$(id)', 'a\nb']) {
    expect(await failureOf(resolveSshHost(alias))).toMatchObject({ code: 'bad-argument' })
  }
  expect(await failureOf(resolveSshHost('a', { user: '-l root' }))).toMatchObject({ code: 'bad-argument' })
})

test('the aliases of a config, of included files too, without wildcards', () => {
  using folder = tempFolder()
  const file = aConfig(folder.path)
  expect(listSshConfigHosts(file)).toEqual([
    'lab-a',
    'lab-b',
    'far',
    'edge',
    'outer',
    'keyed',
    'quoted name',
    'proxied',
    'no-proxy',
    'round',
    'no-agent',
  ])
  expect(listSshConfigHosts(join(folder.path, 'none'))).toEqual([])
  writeFileSync(file, `Include ${file}\nHost a`)
  expect(() => listSshConfigHosts(file)).toThrow(/included more than 16 files deep/)
})

test('hops are read with user, port and IPv6 addresses', () => {
  expect(parseHop('bastion')).toEqual({ host: 'bastion', user: undefined, port: undefined })
  expect(parseHop('ann@bastion:2222')).toEqual({ host: 'bastion', user: 'ann', port: 2_222 })
  expect(parseHop('ssh://ann@[2001:db8::1]:22')).toEqual({ host: '2001:db8::1', user: 'ann', port: 22 })
  expect(parseHop('2001:db8::1')).toEqual({ host: '2001:db8::1', user: undefined, port: undefined })
  for (const wrong of ['', 'a:0', 'a:70000', 'a:b', '@', 'a b@c d:1x']) expect(() => parseHop(wrong)).toThrow(/no jump host/)
})
