import { execFile, spawnSync } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { temporaryFolder } from './support.ts'

const program = new URL('./use-keychain.ts', import.meta.url).pathname
const has = (command: string) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0
const missing = ['dbus-run-session', 'gnome-keyring-daemon'].filter((command) => !has(command))

/** As a person at a desktop has it: a bus, and a keyring that was unlocked at login. All of it ends with the session. */
const session = `
printf 'login password' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
"$1" "$2" "$3"
`

async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)(command, args, { env, timeout: 40_000 })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}

test.skipIf(missing.length > 0)(
  `secrets move into the keychain of a desktop and out again (needs ${missing.join(' and ') || 'nothing more'})`,
  async () => {
    const home = await temporaryFolder()
    const env = { PATH: process.env['PATH'], HOME: home, XDG_RUNTIME_DIR: home, XDG_DATA_HOME: join(home, 'share') }
    const data = join(home, 'data')
    const facts = await run('dbus-run-session', ['--', 'sh', '-c', session, 'sh', runtimeNode(), program, data], env)
    expect(facts).toEqual({
      why: null,
      kind: 'keychain',
      isGivenBack: true,
      keys: ['password:ada@gpu1:22'],
      unknown: null,
      deleted: [true, false],
      afterwards: [[], null],
    })
    const texts = await Promise.all(
      (await readdir(data)).filter((name) => name.endsWith('.json')).map((name) => readFile(join(data, name), 'utf8')),
    )
    expect(texts.join()).not.toContain('planted')
  },
  60_000,
)

test.skipIf(process.platform !== 'linux')(
  'without a desktop session it is said why there is no keychain, and what else there is',
  async () => {
    const home = await temporaryFolder()
    const { why } = await run(runtimeNode(), [program, join(home, 'data')], { PATH: process.env['PATH'], HOME: home })
    expect(why).toContain('no D-Bus session')
    expect(why).toContain('vault')
  },
)
