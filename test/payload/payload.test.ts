import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readText, repository } from '../tidy/repository-files.ts'
import { createMinimalRoot, type MinimalRoot, whyNoMinimalRoot } from './minimal-root.ts'

const { version } = JSON.parse(readText('package.json')) as { version: string } // our own file
const arch = process.arch
const home = `shoal-${version}`
const archive = join(repository, 'dist', 'payload', `${home}-linux-${arch}.tar.gz`)
const hindrance = whyNoMinimalRoot()

describe.skipIf(hindrance !== undefined)(
  `the payload on a machine with nothing but busybox and glibc${hindrance === undefined ? '' : `: ${hindrance}`}`,
  () => {
    let root: MinimalRoot

    beforeAll(() => {
      execFileSync(process.execPath, ['scripts/payload.mjs', '--arch', arch], { cwd: repository, stdio: 'pipe' })
      root = createMinimalRoot([join(repository, 'node_modules', `node-linux-${arch}`, 'bin', 'node')])
      root.copyIn(archive, '/tmp/payload.tar.gz')
    }, 180_000)
    afterAll(() => root?.remove())

    test('the machine has no Node, no Python and no way out, so that nothing else can help', () => {
      const { output } = root.run('command -v node python3 bash xz; cat /proc/net/route; ls /bin')
      expect(output).not.toMatch(/node|python|bash|xz/)
      expect(output.split('\n').filter((line) => /^\w+\s+[0-9A-F]{8}\s/.test(line))).toEqual([]) // no route
      expect(output).toContain('busybox')
    })

    test('it unpacks with the tar and gzip of busybox, and every file is what SHA256SUMS says', () => {
      expect(root.run('gzip -dc /tmp/payload.tar.gz | tar -x')).toEqual({ code: 0, output: '' })
      const { code, output } = root.run(`cd ${home} && sha256sum -c SHA256SUMS`)
      expect(output).not.toContain('FAILED')
      expect(code).toBe(0)
      expect(output).toContain('bin/node: OK')
    })

    test('bin/shoal answers from any folder, through links, and when found on the PATH', () => {
      const ways = [
        `${home}/bin/shoal --version`,
        `cd / && sh /home/user/${home}/bin/shoal --version`,
        `ln -s ../${home} "a folder"; ln -s "../a folder/bin/shoal" /tmp/one; mkdir -p links; ln -s /home/user/${home}/bin/shoal links/two; ln -s two links/three; links/three --version`,
        `cd /tmp && PATH=/bin:/home/user/${home}/bin && shoal --version`,
      ]
      for (const way of ways) expect({ way, ...root.run(way) }).toEqual({ way, code: 0, output: expect.stringContaining(version) })
    })

    test('its Node loads koffi and finds the C library', () => {
      const program = `import koffi from 'koffi'; console.log(koffi.load('libc.so.6').func('int abs(int)')(-7))`
      root.writeIn(`/home/user/${home}/lib/probe-koffi.mjs`, program)
      expect(root.run(`${home}/bin/node ${home}/lib/probe-koffi.mjs`)).toEqual({ code: 0, output: '7\n' })
    })

    test('bin/shoal run gives the first example a cluster of its own, and nothing of that remains', () => {
      root.copyIn(join(repository, 'examples', 'first-steps.ts'), '/tmp/programs/first-steps.ts')
      const { code, output } = root.run(`${home}/bin/shoal run /tmp/programs/first-steps.ts\n${listRemains}`)
      expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('products [ 0, 2, 6, 12, 20 ]') })
      expect(output).toContain('caught true x is out of range')
      expect(remainsIn(output)).toEqual({ processes: [], files: [] })
    })

    test('bin/shoal starts a cluster, shows it, runs a program on it, and leaves nothing but its logs and keys', () => {
      const { code, output } = root.run(`
        PATH=$PATH:$HOME/${home}/bin
        set -e
        shoal start --head --num-cpus 2 --object-store-memory 80MB --temp-dir /tmp/session
        echo "status $(shoal status --temp-dir /tmp/session --json)"
        SHOAL_ADDRESS=auto SHOAL_TEMP_DIR=/tmp/session shoal run /tmp/programs/first-steps.ts
        shoal stop --temp-dir /tmp/session
        ${listRemains}`)
      expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('products [ 0, 2, 6, 12, 20 ]') })
      const status = JSON.parse(/^status (.*)$/m.exec(output)?.[1] ?? '{}') as { nodes?: unknown } // what the command line prints
      expect(status.nodes).toEqual([
        expect.objectContaining({ state: 'alive', isHead: true, resources: expect.objectContaining({ CPU: 2 }) }),
      ])
      const { processes, files } = remainsIn(output)
      expect(processes).toEqual([])
      expect(files).toContain('/tmp/session/logs/head.log')
      expect(files.filter((path) => !/^\/tmp\/session\/(logs\/[\w-]+\.(log|out|err)|(head|node)\/[\w./-]+)$/.test(path))).toEqual([])
    })

    test('a program that the Node of the payload starts without the command line finds shoal through its hook', () => {
      root.writeIn('/tmp/programs/plain.cjs', "console.log(typeof require('shoal').init)")
      const hook = `file:///home/user/${home}/lib/resolve-shoal.mjs`
      expect(root.run(`${home}/bin/node --import ${hook} /tmp/programs/plain.cjs`)).toEqual({ code: 0, output: 'function\n' })
    })

    test('the notices hold the licence of everything in it that others wrote', () => {
      const { output } = root.run(`cat ${home}/THIRD-PARTY-NOTICES; cd ${home}/lib/node_modules; echo; ls -d * @*/*`)
      const { packages: bundled } = JSON.parse(readText('dist/runtime/build.json')) as { packages: string[] } // written by the build
      const shipped = output.slice(output.lastIndexOf('\n\n')).match(/^(@[^/\n]+\/)?[^@/\n]+$/gm) ?? []
      expect(shipped).toEqual([`@koromix/koffi-linux-${arch}`, 'koffi'])
      expect(bundled).toContain('msgpackr')
      const withText = [...bundled, 'minipass', 'koffi', 'Node.js'] // tar brings minipass inside its own bundle
      for (const name of [...withText, ...shipped]) expect(output).toMatch(new RegExp(`^={80}\\n${name} \\d[^\\n]*\\n={80}$`, 'm'))
      for (const name of withText) expect(output).toMatch(new RegExp(`^${name} \\d[^\\n]*\\n={80}\\n\\n[^=]*(${licences.join('|')})`, 'm'))
    })

    test('it is small enough to upload', () => {
      expect(readFileSync(archive).length).toBeLessThan(45 * 1024 * 1024)
    })
  },
)

/** MIT, ISC, Apache-2.0, Blue Oak. */
const licences = ['Permission is hereby granted', 'Permission to use, copy', 'Apache License', 'Blue Oak Model License']

/** Lists, below a line that says so, every process but the one that lists and every file that Shoal might have made. */
const listRemains = `
  echo "remains"
  for process in /proc/[0-9]*; do [ "$process" = "/proc/$$" ] || echo "process $(cat "$process/cmdline")"; done
  find /tmp /dev/shm "$HOME" ! -type d | while read -r path; do echo "file $path"; done`

/** Without what the tests themselves put there, and without the dead that nobody has asked about yet: they have no command. */
function remainsIn(output: string): { processes: string[]; files: string[] } {
  const lines = output.slice(output.lastIndexOf('\nremains\n')).split('\n')
  const after = (word: string) => lines.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length))
  const ours = new RegExp(`^/tmp/(payload\\.tar\\.gz|one|programs/.*)$|^/home/user/(${home}|links|a folder)(/|$)`)
  return { processes: after('process ').filter((command) => command !== ''), files: after('file ').filter((path) => !ours.test(path)) }
}
