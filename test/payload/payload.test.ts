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

    test('a program beneath its lib/ imports shoal, and gets the one module of the payload', () => {
      const program = `import * as shoal from 'shoal'; import * as same from './shoal.mjs'; console.log(typeof shoal.init, shoal.init === same.init)`
      root.writeIn(`/home/user/${home}/lib/probe-shoal.mjs`, program)
      expect(root.run(`${home}/bin/node ${home}/lib/probe-shoal.mjs`)).toEqual({ code: 0, output: 'function true\n' })
    })

    test('it is small enough to upload', () => {
      expect(readFileSync(archive).length).toBeLessThan(45 * 1024 * 1024)
    })
  },
)
