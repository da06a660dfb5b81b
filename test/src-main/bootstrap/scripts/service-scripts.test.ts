import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { addService, removeService } from '#src-main/bootstrap/scripts/service-scripts.ts'
import { bootCommands } from '#src-main/bootstrap/scripts/session-scripts.ts'

const clusterId = 'c-0123456789ab'

/** Where a real systemd runs for no user and no cron runs, stand-ins of their commands take what they are told. */
describe('what starts a node at boot', () => {
  let home: string
  let session: string
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'shoal-service-'))
    session = join(home, '100% session')
    mkdirSync(session)
    mkdirSync(join(home, 'bin'))
  })
  afterEach(() => rmSync(home, { recursive: true }))

  function put(name: string, text: string): void {
    writeFileSync(join(home, 'bin', name), `#!/bin/sh\n${text}\n`)
    chmodSync(join(home, 'bin', name), 0o755)
  }
  const withSystemd = (linger: 'yes' | 'no') => {
    put('systemctl', `echo "$*" >>"${home}/calls"`)
    put('loginctl', `case $1 in show-user) echo ${linger} ;; *) exit 1 ;; esac`)
  }
  const withCron = () =>
    put(
      'crontab',
      `case $1 in -l) cat "${home}/tab" 2>/dev/null ;; -r) rm "${home}/tab" ;; -) cat >"${home}/tab.new"; mv "${home}/tab.new" "${home}/tab" ;; esac`,
    )

  function run(script: string): { status: number | null; stdout: string } {
    const env = { HOME: home, PATH: `${home}/bin:/usr/bin:/bin`, ...hideReal }
    return spawnSync('/bin/sh', ['-s'], { input: script, encoding: 'utf8', env })
  }
  const hideReal = { XDG_RUNTIME_DIR: '/nonexistent' }
  const add = (wish: 'auto' | 'systemd' | 'cron') =>
    run(
      addService({
        sessionFolder: session,
        clusterId,
        clusterName: 'lab',
        commands: bootCommands({
          root: '/opt/a "b"',
          sessionFolder: session,
          sha256: 'a'.repeat(64),
          isHead: true,
          flags: ['--node-name', 'it’s $HOME 100%'],
        }),
        wish,
      }),
    ).stdout
  const unitFile = () => join(home, '.config', 'systemd', 'user', `shoal-${clusterId}.service`)

  test('is a unit of the user’s systemd where that lingers: enabled, not started, and gone without a trace afterwards', () => {
    withSystemd('yes')
    withCron()
    expect(add('auto')).toBe('service systemd\n')
    const unit = readFileSync(unitFile(), 'utf8')
    const shoal = `"/opt/a \\"b\\"/runtime/${'a'.repeat(64)}/bin/shoal"`
    expect(unit).toContain(
      `ExecStart=${shoal} start --head --json --temp-dir "${session.replace('%', '%%')}" --node-name "it’s $$HOME 100%%" --block\n`,
    )
    expect(readFileSync(join(home, 'calls'), 'utf8').split('\n')).toEqual([
      '--user show-environment',
      '--user daemon-reload',
      `--user enable shoal-${clusterId}.service`,
      '',
    ])
    expect(run(removeService(clusterId)).stdout).toBe(`removed service 0 ${unitFile()}\n`)
    expect(existsSync(unitFile())).toBe(false)
    expect(run(removeService(clusterId))).toMatchObject({ status: 0, stdout: '' })
  })

  test('is a line of cron where systemd does not linger; other lines stay, a second time adds none', () => {
    withSystemd('no')
    withCron()
    writeFileSync(join(home, 'tab'), '5 4 * * * other\n')
    expect(add('auto')).toBe('service cron\n')
    expect(add('auto')).toBe('service cron\n')
    const file = `${session.replace('%', '\\%')}/at-boot`
    expect(readFileSync(join(home, 'tab'), 'utf8')).toBe(
      `5 4 * * * other\n@reboot /bin/sh "${file}" >"${file}.log" 2>&1 # shoal:${clusterId}\n`,
    )
    expect(readFileSync(join(session, 'at-boot'), 'utf8')).toContain('start --head --json --temp-dir')
    expect(readdirSync(session)).toEqual(['at-boot'])
    expect(run(removeService(clusterId)).stdout).toBe(`removed cron 0 # shoal:${clusterId}\n`)
    expect(readFileSync(join(home, 'tab'), 'utf8')).toBe('5 4 * * * other\n')
  })

  test('is nothing where the one that was asked for is not to be had, and the reason is said', () => {
    withSystemd('no')
    withCron()
    expect(add('systemd')).toMatch(/^service none lingering is off for this user: run "sudo loginctl enable-linger" there\n$/)
  })
})
