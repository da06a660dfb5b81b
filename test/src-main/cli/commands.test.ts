import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commands } from '#runtime/cli/commands.ts'
import { FlagValues, UsageError } from '#runtime/cli/command.ts'
import { cluster } from '#src-main/cli/cluster/cluster.ts'
import { machine } from '#src-main/cli/machine/machine.ts'
import { panelCommands } from '#src-main/cli/panel-commands.ts'
import { panelCommand } from '#src-main/cli/panel.ts'
import { listImports } from '#test/tidy/import-check.ts'

const nouns = { machine, cluster }
const typed = (line: string) => line.split(' ').map((word) => (word === "''" ? '' : word))
/** As the command line reads it, up to the point where a panel would be opened. */
function prepare(line: string) {
  const [noun = '', ...words] = typed(line)
  const command = noun === 'machine' ? nouns.machine : nouns.cluster
  return command.prepare(new FlagValues({}, new Map()), words)
}

describe('wrong words are refused with what to type instead', () => {
  test.each([
    ['machine', 'machine needs one of add, list, show'],
    ['machine lst', 'there is no machine command lst; did you mean list?'],
    ['machine add', 'machine add needs machines: shoal machine add user@host:port …, --file FILE or --ssh-config'],
    ['machine add a --file b', 'takes machines or --file, not both'],
    ['machine add a --format csv', '--format is for --file'],
    ['machine add --file /nowhere/hosts.txt', '--file /nowhere/hosts.txt cannot be read: there is no such file or folder'],
    ['machine add a --prot 22', 'machine add has no flag --prot; did you mean --port?'],
    ['machine add a --port high', '--port must be a port'],
    ['machine add a --port 0', '--port must be a port from 1 to 65535, got "0"'],
    ['machine add a --agent-port 0', '--agent-port must be a port from 1 to 65535, got "0"'],
    ['machine add a --ip here', '--ip must be an IP address, got "here"'],
    [`machine add a --name ''`, '--name must be more than nothing, got ""'],
    [`machine set a --folder ''`, '--folder must be more than nothing, got ""'],
    ['machine reach --port 0', '--port must be a port from 1 to 65535, got "0"'],
    ['machine exec a --timeout 0s -- x', '--timeout must be 100ms or more, got "0s"'],
    ['machine exec a --password-file / -- x', '--password-file / cannot be read: it is a folder'],
    ['machine add --file /', '--file / cannot be read: it is a folder'],
    ['machine secrets use', 'machine secrets use needs one of memory, vault and keychain'],
    ['machine add a --auth key,pass', '--auth must be agent, key, password or keyboard-interactive, got "pass"'],
    ['machine list --state up', '--state must be never-tried, connected, reachable or unreachable, got "up"'],
    ['machine show', 'machine show needs the name of a machine'],
    ['machine show a b', 'machine show takes the name of a machine and nothing else, got "b" too'],
    ['machine set a', 'machine set needs a flag that says what to change'],
    ['machine check --role boss', '--role must be head, worker or none'],
    ['machine remove', 'machine remove needs machines: their names, --group, --tag or --all'],
    ['machine remove a --all', 'machine remove takes names or --all, not both'],
    ['machine exec a', 'machine exec needs a command behind --: shoal machine exec NAME -- COMMAND [ARGS …]'],
    ['machine exec a --', 'machine exec needs a command behind --'],
    ['machine exec -- uptime', 'machine exec needs machines'],
    ['machine exec a --timeout soon -- uptime', '--timeout must be a duration'],
    ['machine exec a --password-file /nowhere/pw -- uptime', '--password-file /nowhere/pw cannot be read'],
    ['machine exec a --password s3cret -- uptime', 'machine exec has no flag --password; did you mean --password-file?'],
    ['machine export --format xml', '--format must be csv, ansible, ssh-config or json'],
    ['machine keys forgt h', 'there is no machine keys forgt; did you mean forget?'],
    ['machine secrets use disk', 'machine secrets use must be memory, vault or keychain, got "disk"'],
    ['machine secrets stats', 'did you mean status?'],
    ['cluster create', 'cluster create needs a name: shoal cluster create NAME --head MACHINE'],
    ['cluster create lab', 'cluster create needs --head MACHINE, or --hosts FILE whose first line is the head'],
    ['cluster create Lab --head a', `a cluster's name is small letters, digits and dashes between them, got "Lab"`],
    [`cluster create '' --head a`, `a cluster's name is small letters, digits and dashes between them, got ""`],
    [`cluster create ${'a'.repeat(49)} --head a`, `a cluster's name is at most 48 letters`],
    ['cluster create lab a b', 'takes one name, got "a" too; machines stand in --head and --workers'],
    ['cluster create lab --head a --hosts f', '--hosts names the head and the workers'],
    ['cluster create lab --head a --key k', '--key is for --hosts'],
    ['cluster create lab --head a --service cron2', '--service must be none, auto, systemd or cron'],
    ['cluster connect-ray', 'cluster connect-ray needs a name for the cluster'],
    ['cluster connect-ray lab', 'cluster connect-ray needs --address, such as http://HOST:8265'],
    ['cluster connect-ray Lab --address gpu1', `a cluster's name is small letters, digits and dashes between them, got "Lab"`],
    ['cluster connect-ray lab --address https://gpu1 --fingerprint 12', '--fingerprint must be a SHA-256 fingerprint'],
    ['cluster connect-ray lab --address https://gpu1 --fingerprint 12 --ca-file f', 'give either --ca-file or --fingerprint'],
    ['cluster create lab --head a --engine rat', '--engine must be shoal or ray'],
    ['cluster add', 'cluster add needs the name of a cluster'],
    ['cluster add lab', 'cluster add needs machines'],
    ['cluster remove lab', 'cluster remove needs machines'],
    ['cluster restart lab', 'cluster restart needs machines'],
    ['cluster drain lab a --within soon', '--within must be a duration'],
    ['cluster upgrade lab --ray-version newest', 'Ray'],
    ['cluster down', 'cluster down needs the name of a cluster'],
    ['cluster job lab', 'cluster job needs a command behind --'],
    ['cluster job lab --env A -- x', '--env must be NAME=VALUE'],
    ['cluster job lab --num-cpus many -- x', '--num-cpus must be a number'],
    ['cluster job lab --runtime-env-json [] -- x', '--runtime-env-json must be a JSON object'],
    ['cluster retry', 'cluster retry needs the id of an operation; see shoal cluster operations'],
    ['cluster follow a b', 'cluster follow takes one operation, got "b" too'],
    ['cluster apply', 'cluster apply needs a file'],
    ['cluster take-ovr lab', 'did you mean take-over?'],
  ])('%s', (line, message) => {
    expect(() => prepare(line)).toThrow(message)
    expect(() => prepare(line)).toThrow(UsageError)
  })
})

test.each([
  'machine add user@gpu[01-08]:22 --group lab,home --jump ""',
  "machine set a --jump '' --tag ''",
  'machine exec a b --timeout 5s -- ls --json --help',
  'cluster create lab --head a --workers b,gpu* --service auto --yes',
  'cluster upgrade lab',
  'cluster restart lab --all',
  'cluster job lab --env A=1,B=2 --working-dir . --no-wait -- make --help',
  'cluster job lab --runtime-env-json {"pip":["humanize"]} -- python main.py',
])('taken: %s', (line) => {
  expect(prepare(line)).toBeTypeOf('function')
})

test('the panel takes one of --open and --no-open', () => {
  const values = new FlagValues(panelCommand.flags, new Map(['open', 'no-open'].map((flag) => [flag, ''])))
  expect(() => panelCommand.prepare(values, [])).toThrow('give only one of --open and --no-open')
})

test('every command of the panel is in the table under its own name, and none has the name of another', async () => {
  for (const entry of panelCommands) expect((await entry.load()).name).toBe(entry.name)
  const names = [...panelCommands, ...commands].map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})

test('what starts the command line loads nothing of the panel but its table', () => {
  const loaded = new Set<string>()
  const visit = (path: string) => {
    if (loaded.has(path)) return
    loaded.add(path)
    const source = readFileSync(path, 'utf8').replaceAll(/import\('[^']*'\)/g, 'later()') // what is loaded later
    for (const specifier of listImports(source, path)) if (specifier.startsWith('.')) visit(posix.join(posix.dirname(path), specifier))
  }
  visit('src-main/cli/main.ts')
  expect([...loaded].filter((path) => !/^runtime\/(cli|base)\//.test(path))).toEqual([
    'src-main/cli/main.ts',
    'src-main/cli/panel-commands.ts',
  ])
})
