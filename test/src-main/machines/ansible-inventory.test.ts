import { describe, expect, test } from 'vitest'
import { parseAnsibleIni, parseAnsibleYaml } from '#src-main/machines/ansible-inventory.ts'
import { messagesOf, namesOf, placesOf } from './support.ts'

const ini = `
# an inventory
mail.example.com ansible_user=post ; not a comment for ansible
[gpu]
gpu[01:03].lab ansible_port=2222
big ansible_host=10.0.0.9 ansible_ssh_private_key_file="/keys/a b" ansible_ssh_common_args='-o ProxyJump=me@gate:23 -o StrictHostKeyChecking=yes'
[cpu]
cpu-[a:b]
badwolf.lab:5309
[lab:children]
gpu
cpu
[lab:vars]
ansible_user = ubuntu
ansible_password=hunter2
http_port=80
[gpu:vars]
ansible_user=ada # goes before the one of lab
[all:vars]
ansible_ssh_common_args=-o ProxyCommand="ssh -W %h:%p bastion"
`

test('an inventory of Ansible in INI form becomes machines with groups in groups', () => {
  const parsed = parseAnsibleIni(ini)
  expect(placesOf(parsed)).toEqual([
    'post@mail.example.com',
    'ada@gpu01.lab:2222',
    'ada@gpu02.lab:2222',
    'ada@gpu03.lab:2222',
    'ada@10.0.0.9',
    'ubuntu@cpu-a',
    'ubuntu@cpu-b',
    'ubuntu@badwolf.lab:5309',
  ])
  const big = parsed.machines.find(({ name }) => name === 'big')
  expect(big).toMatchObject({ groups: ['lab/gpu'], keyFiles: ['/keys/a b'], jump: ['me@gate:23'] })
  expect(parsed.machines[0]).toMatchObject({ groups: [], jump: ['bastion'] })
  expect(parsed.machines.at(-1)).toMatchObject({ name: 'badwolf.lab', groups: ['lab/cpu'] })
  const messages = messagesOf(parsed).join('\n')
  expect(messages).toMatch(/^15: .*ansible_password \(7 hosts\) was left out: passwords/m)
  expect(messages).toMatch(/^16: .*http_port \(7 hosts\)/m)
  expect(messages).toMatch(/StrictHostKeyChecking/)
  expect(JSON.stringify(parsed)).not.toContain('hunter2')
})

const yaml = `
all:
  vars: { ansible_user: root }
  hosts:
    mail.example.com:
  children:
    lab:
      vars: &vars
        ansible_user: ubuntu
        ansible_become_pass: hunter2
      children:
        gpu:
          hosts:
            gpu[01:02]:
              ansible_port: 2222
            10.0.0.7: {ansible_connection: local}
            secret: {ansible_host: !vault "$ANSIBLE_VAULT;1.1;AES256"}
    other:
      vars:
        <<: *vars
        ansible_port: 24
      hosts:
        gpu01: {}
        o1: {ansible_host: fe80::1}
      typo: {}
`

test('the YAML form too, with anchors, and what is not taken over is named with its line', () => {
  const parsed = parseAnsibleYaml(yaml)
  expect(placesOf(parsed)).toEqual([
    'root@mail.example.com',
    'ubuntu@gpu01:2222',
    'ubuntu@gpu02:2222',
    'ubuntu@secret',
    'ubuntu@fe80::1:24',
  ])
  expect(parsed.machines[1]?.groups.toSorted()).toEqual(['lab/gpu', 'other'])
  const messages = messagesOf(parsed)
  expect(messages).toContainEqual(expect.stringMatching(/^16: 10\.0\.0\.7: not added: it is reached by local/))
  expect(messages).toContainEqual(expect.stringMatching(/^17: secret: .*Vault/))
  expect(messages).toContainEqual(expect.stringMatching(/^(10|19): .*ansible_become_pass/))
  expect(messages).toContainEqual(expect.stringMatching(/^25: .*other.*left out/))
  expect(JSON.stringify(parsed)).not.toContain('hunter2')
})

describe('what cannot be read', () => {
  test.each([
    ['[a\nx', 'quote|host|bracket|closed'],
    ['[a:b]\nx', 'expected is \\[group\\]'],
    ['[a:vars]\nnonsense', '2: expected is name=value'],
    ['x nonsense', '1: .*name=value'],
    ['n[1:5000]', 'more than 4096'],
    ['-oProxyCommand=x', 'dash'],
    ['x ansible_host=-oProxyCommand=x', 'host'],
    ['x ansible_ssh_common_args="-o ProxyJump=-oProxyCommand=x"', 'jump host'],
    ['[a:children]\nb\n[b:children]\na\n[a]\nx', 'contains itself'],
    ['x\u0007', 'control characters'],
  ])('%j', (text, why) => {
    expect(messagesOf(parseAnsibleIni(text)).join('\n')).toMatch(new RegExp(why))
  })

  test.each([
    ['a: [1', 'not YAML'],
    ['- a\n- b', 'map of groups'],
    ['a: 1', 'expected below a group'],
    ['a: {hosts: [x, y]}', 'map, each host'],
    ['all:\n  hosts:\n    x:\n    y:\n    x:', '5: .*"x" comes twice'],
    ['a: 1\n---\nb: 2', 'more than one document'],
    ['[a]: 1', 'key is expected to be a text|not YAML'],
    ['all: *nothing', 'not YAML|alias'],
  ])('%j as YAML', (text, why) => {
    expect(messagesOf(parseAnsibleYaml(text)).join('\n')).toMatch(new RegExp(why))
  })

  test('the message of broken YAML does not repeat what stands there', () => {
    expect(JSON.stringify(parseAnsibleYaml('all:\n  vars:\n    ansible_password: "hunter2" hunter2\n   x: [hunter2\n'))).not.toContain(
      'hunter2',
    )
  })
})

test('bombs and huge texts are refused quickly', () => {
  const level = (name: string, of: string) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${of}`).join(',')}]`
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', ...Array.from('bcdefghij', (name, index) => level(name, 'abcdefghij'.charAt(index)))].join(
    '\n',
  )
  const shared = (name: string, of: string) => `${name}: &${name} {children: {l: *${of}, r: *${of}}}`
  const tree = [
    'a: &a {hosts: {x: }}',
    ...Array.from('bcdefghijklmnopqrstuvwxyz', (name, index) => shared(name, 'abcdefghijklmnopqrstuvwxyz'.charAt(index))),
  ].join('\n')
  const texts = [
    bomb,
    tree,
    '['.repeat(1_000_000),
    '- '.repeat(500_000),
    '? '.repeat(500_000),
    '"'.repeat(1_500_000),
    '&a '.repeat(300_000),
    Array.from({ length: 1_500 }, (_, index) => `${' '.repeat(index)}a:`).join('\n'),
    Array.from({ length: 100_000 }, (_, index) => `k${index}: 1`).join('\n'),
    'x'.repeat(10_000_000),
  ]
  const startedMs = performance.now()
  for (const text of texts) expect(parseAnsibleYaml(text).problems.length).toBeGreaterThan(0)
  const chain = Array.from({ length: 4_000 }, (_, index) => `[g${index}:children]\ng${index + 1}`).join('\n')
  const dense = Array.from(
    { length: 60 },
    (_, index) => `[d${index}:children]\n${Array.from({ length: 60 - index }, (_, step) => `d${index + step + 1}`).join('\n')}`,
  ).join('\n')
  for (const text of [chain, `${dense}\n[d60]\nx`]) expect(parseAnsibleIni(`${text}\n[g4000]\nx`).problems.length).toBeGreaterThan(0)
  expect(performance.now() - startedMs).toBeLessThan(20_000)
})

test('many hosts that share variables are no bomb', () => {
  const hosts = Array.from({ length: 4_000 }, (_, index) => `    h${index}: *v`).join('\n')
  const parsed = parseAnsibleYaml(`x: {vars: &v {ansible_user: me}}\nall:\n  hosts:\n${hosts}\n`)
  expect(namesOf(parsed)).toHaveLength(4_000)
})
