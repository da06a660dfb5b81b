import { describe, expect, test } from 'vitest'
import { parsePastedHosts } from '#src-main/machines/paste.ts'
import { messagesOf, namesOf, placesOf } from './support.ts'

describe('hosts in a pasted text', () => {
  test.each([
    ['a\nb\r\nc\rd', ['a', 'b', 'c', 'd']],
    ['a, b;c  d\te', ['a', 'b', 'c', 'd', 'e']],
    ['root@10.0.0.5:2222', ['root@10.0.0.5:2222']],
    ['ssh://root@10.0.0.5:2222/some/path ssh://me@a', ['root@10.0.0.5:2222', 'me@a']],
    ['a@corp.example@host', ['a@corp.example@host']],
    ['[fe80::1]:23 fe80::2 me@[::1] fe80::3%eth0', ['fe80::1:23', 'fe80::2', 'me@::1', 'fe80::3%eth0']],
    ['# nothing\n\n  a # a comment\n', ['a']],
    ['\ufeffa', ['a']],
    ['gpu[01-03]', ['gpu01', 'gpu02', 'gpu03']],
    ['gpu[08-11] n[9-10]', ['gpu08', 'gpu09', 'gpu10', 'gpu11', 'n9', 'n10']],
    ['node[1,3,5-6],x', ['node1', 'node3', 'node5', 'node6', 'x']],
    ['10.0.0.[1-2]:[22,2222]', ['10.0.0.1:22', '10.0.0.1:2222', '10.0.0.2:22', '10.0.0.2:2222']],
    ['r[a-b]n[1-2].lab', ['ran1.lab', 'ran2.lab', 'rbn1.lab', 'rbn2.lab']],
  ])('%j', (text, places) => {
    const parsed = parsePastedHosts(text)
    expect(placesOf(parsed)).toEqual(places)
    expect(parsed.problems).toEqual([])
  })

  test('4,096 are read, on one line too', () => {
    expect(parsePastedHosts('n[0001-4096]').machines).toHaveLength(4_096)
    expect(parsePastedHosts(Array.from({ length: 4_096 }, (_, index) => `node${index}`).join(',')).machines).toHaveLength(4_096)
    const more = parsePastedHosts('n[0001-4096]\nmore\nand more')
    expect(more.machines).toHaveLength(4_096)
    expect(messagesOf(more)).toEqual(['2: 4096 machines are read already: this and what follows was left out'])
  })
})

test('options say more of the hosts before them, or of the whole line when they stand in front', () => {
  const { machines, problems } = parsePastedHosts(
    [
      'user=ubuntu a b key=/k1,/k2 groups=lab/gpu,x tags=t notes="two words" folder=/data/shoal ip=10.0.0.9 agent-port=7000',
      'c port=2222 jump=me@gate:23,b, d jump=none name=dee',
      'n[1-2] name=node[7-8]',
    ].join('\n'),
  )
  expect(problems).toEqual([])
  const common = { via: 'ssh', user: 'ubuntu', groups: [], tags: [], notes: '' }
  const more = {
    keyFiles: ['/k1', '/k2'],
    groups: ['lab/gpu', 'x'],
    tags: ['t'],
    notes: 'two words',
    folder: '/data/shoal',
    nodeIp: '10.0.0.9',
    agentPort: 7_000,
  }
  expect(machines.slice(0, 2)).toEqual([
    { name: 'a', host: 'a', ...common, ...more },
    { name: 'b', host: 'b', ...common, ...more },
  ])
  expect(machines[2]).toMatchObject({ name: 'c', port: 2_222, jump: ['me@gate:23', 'b'] })
  expect(machines[3]).toMatchObject({ name: 'dee', host: 'd', jump: [] })
  expect(machines.slice(4)).toMatchObject([
    { name: 'node7', host: 'n1' },
    { name: 'node8', host: 'n2' },
  ])
})

describe('a whole ssh command line', () => {
  test.each([
    ['ssh -p 22 -i key -J jump user@host', { host: 'host', user: 'user', port: 22, keyFiles: ['key'], jump: ['jump'] }],
    ['ssh user@host -p41234', { host: 'host', user: 'user', port: 41_234 }],
    ['/usr/bin/ssh -vAt -l me -i "/a b/k" -i k2 host', { host: 'host', user: 'me', keyFiles: ['/a b/k', 'k2'] }],
    [
      'ssh -o Port=23 -oUser=me -o "IdentityFile k" -o ProxyJump=a,b box',
      { host: 'box', user: 'me', port: 23, keyFiles: ['k'], jump: ['a', 'b'] },
    ],
    ['ssh -o HostName=10.0.0.3 box', { name: 'box', host: '10.0.0.3' }],
    ['ssh -o "ProxyCommand=ssh -W %h:%p me@gate" box', { host: 'box', jump: ['me@gate'] }],
    ['ssh -o ConnectTimeout=5 ssh://me@box:24', { host: 'box', user: 'me', port: 24 }],
  ])('%s', (line, expected) => {
    const { machines, problems } = parsePastedHosts(line)
    expect(problems).toEqual([])
    expect(machines).toHaveLength(1)
    expect(machines[0]).toMatchObject(expected)
  })

  test('what it says besides is named, not lost', () => {
    const parsed = parsePastedHosts("ssh -L 8080:localhost:80 -o 'ProxyCommand=nc %h %p' -o Weird=1 host nvidia-smi -l\nssh -p\n")
    expect(placesOf(parsed)).toEqual(['host'])
    const [first = '', second = ''] = messagesOf(parsed)
    for (const what of ['-L', 'ProxyCommand', 'Weird', 'the command']) expect(first).toContain(what)
    expect(second).toBe('2: there is no host in the ssh command')
  })
})

test('machines that share an address get names that tell them apart, and what comes twice is said', () => {
  const parsed = parsePastedHosts(
    'root@10.0.0.5:2201\nroot@10.0.0.5:2202\nada@10.0.0.5:2202\nroot@10.0.0.5:2201\nx name=A\ny name=a\nx name=other',
  )
  expect(namesOf(parsed)).toEqual(['10.0.0.5', '10.0.0.5:2202', 'ada@10.0.0.5:2202', 'A', 'other'])
  expect(messagesOf(parsed)).toEqual([
    '4: not added: the name 10.0.0.5 was in line 1 already',
    '6: not added: the name a was in line 5 already',
  ])
})

test.each([
  ['-oProxyCommand=touch', 'dash'],
  ['root@-oProxyCommand=x', 'dash'],
  ['x user=-oProxyCommand=x', 'user'],
  ['x jump=-oProxyCommand=x', 'jump host'],
  ['x jump="a -oProxyCommand=x"', 'jump host'],
  ['ssh -- -oProxyCommand=x', 'no host'],
  ['$(reboot)', 'host'],
  ['a;b`c`', 'host'],
  ['x port=99999', '65535'],
  ['x port=abc', '65535'],
  ['host:0', 'port'],
  ['x ip=10.0.0.256', 'IP address'],
  ['x name=-a', 'name'],
  ['n[1-4097]', 'more than 4096'],
  ['n[1-99999999999]', 'no range'],
  ['[1-100][1-100]', 'more than 4096'],
  ['n[3-1]', 'less than'],
  ['n[1-', 'not closed'],
  ['n[]', 'no range'],
  ['http://a', 'not ssh'],
  ['münchen.example', 'host name'],
  ['a\u001b[31mb', 'control characters'],
  ['a\u202eb', 'control characters'],
  ['"a', 'quote'],
  ['user=x', 'no host'],
  ['a b name=c', '1 names for 2 hosts'],
  ['a'.repeat(300), 'host'],
])('%j is refused by name', (text, why) => {
  const { machines, problems } = parsePastedHosts(text)
  expect(machines.filter(({ host }) => host !== 'a')).toEqual([])
  expect(problems.map(({ line, message }) => `${line}: ${message}`).join()).toMatch(new RegExp(`^1: .*${why}`))
  expect(problems[0]?.text).not.toContain('\u001b')
})

test('passwords are neither kept nor repeated, and the machine is there', () => {
  const parsed = parsePastedHosts(
    [
      'a password=hunter2',
      'sshpass -p hunter2 ssh b',
      "sshpass -p 'hunter2' ssh -p 1 c",
      'ada:hunter2@d',
      'ssh://ada:hunter2@e:22',
      'f pass="hunter2 x" color=red',
      'ssh ada:hunter2@g',
      'ada:hunter2@h[1-',
    ].join('\n'),
  )
  expect(namesOf(parsed)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'])
  expect(JSON.stringify(parsed)).not.toContain('hunter2')
  expect(new Set(parsed.problems.map(({ line }) => line))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8]))
})

test('hostile texts are refused quickly', () => {
  const startedMs = performance.now()
  const texts = [
    'x'.repeat(10_000_000),
    `${'[1-9]'.repeat(10_000)}`,
    'a-'.repeat(2_000_000),
    `${'pass.'.repeat(12_000)}\n`.repeat(60),
    '- \n'.repeat(1_000_000),
    '\u0000'.repeat(4_000_000),
    `${'a '.repeat(32_000)}\n`.repeat(50),
    '['.repeat(60_000),
    `${'a=b '.repeat(15_000)}\n`.repeat(50),
    `n[1-4096] ${'n[1-4096] '.repeat(6_000)}`,
    `ssh ${'-o x=y '.repeat(8_000)}`,
  ]
  for (const { problems } of texts.map(parsePastedHosts)) {
    expect(problems.length).toBeGreaterThan(0)
    expect(problems.length).toBeLessThanOrEqual(1_002)
    for (const { text, message } of problems) expect(text.length + message.length).toBeLessThan(20_000)
  }
  expect(performance.now() - startedMs).toBeLessThan(20_000)
})
