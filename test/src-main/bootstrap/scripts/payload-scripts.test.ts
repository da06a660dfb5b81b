import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { archiveFile, payloadFolder } from '#src-main/bootstrap/paths.ts'
import { findPayload, prunePayloads, unpackPayload } from '#src-main/bootstrap/scripts/payload-scripts.ts'
import { readRemoved } from '#src-main/bootstrap/scripts/remove-script.ts'

const sha256 = 'a'.repeat(64)

const shells = ['/bin/sh', '/bin/bash', '/usr/bin/dash', '/bin/busybox'].filter((path) => existsSync(path))

describe.each(shells)('the payload’s scripts, by %s', (shell) => {
  let root: string
  const place = (machineId = 'm-000000000001') => ({ root, sha256, machineId })
  const payload = () => payloadFolder(root, sha256)

  beforeEach(() => {
    root = join(mkdtempSync(join(tmpdir(), 'shoal-unpack-')), "it's home", '.shoal')
    mkdirSync(join(root, 'runtime'), { recursive: true })
  })
  afterEach(() => rmSync(join(root, '..', '..'), { recursive: true, force: true }))

  function run(text: string): Promise<{ code: number | null; output: string; errors: string }> {
    const child = spawn(shell, [...(shell.endsWith('busybox') ? ['sh'] : []), '-s'], { stdio: 'pipe' })
    let [output, errors] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk))
    child.stdin.end(`{\n${text}\n} </dev/null\n`)
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, output, errors })))
  }

  /** A payload in little: its Node is this one. */
  function makeArchive(machineId = 'm-000000000001', sums: Readonly<Record<string, string>> = {}): string {
    const made = mkdtempSync(join(root, '..', 'made-'))
    const top = join(made, 'shoal-1.0.0')
    const files = { 'bin/node': `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, 'lib/cli.mjs': 'cli' }
    mkdirSync(join(top, 'bin'), { recursive: true })
    mkdirSync(join(top, 'lib'))
    for (const [path, content] of Object.entries(files)) writeFileSync(join(top, path), content)
    chmodSync(join(top, 'bin', 'node'), 0o755)
    const lines = Object.entries(files).map(
      ([path, content]) => `${sums[path] ?? createHash('sha256').update(content).digest('hex')}  ${path}\n`,
    )
    writeFileSync(join(top, 'SHA256SUMS'), lines.join(''))
    const archive = archiveFile(root, sha256, machineId)
    execFileSync('tar', ['-czf', archive, '-C', made, 'shoal-1.0.0'])
    rmSync(made, { recursive: true })
    return archive
  }

  test('unpack puts it in its place, whole, and a second time leaves it as it is', async () => {
    makeArchive()
    expect(await run(findPayload(place()))).toMatchObject({ code: 0, output: 'missing\n' })
    expect(await run(unpackPayload(place()))).toMatchObject({ code: 0, output: 'unpacked\n' })
    expect(readdirSync(payload()).toSorted()).toEqual(['.complete', 'SHA256SUMS', 'bin', 'lib'])
    expect(await run(findPayload(place()))).toMatchObject({ output: 'there\n' })
    expect(await run(unpackPayload(place()))).toMatchObject({ code: 0, output: 'there\n' })
  })

  test('a file that is not what its checksum says is named, and nothing stays', async () => {
    makeArchive('m-000000000001', { 'lib/cli.mjs': 'f'.repeat(64) })
    const { code, errors } = await run(unpackPayload(place()))
    expect({ code, errors }).toEqual({ code: 1, errors: expect.stringContaining('not what SHA256SUMS says: lib/cli.mjs') })
    expect(readdirSync(join(root, 'runtime')).filter((name) => !name.endsWith('.tar.gz'))).toEqual([])
  })

  test('an archive that is cut off is refused, and nothing but it stays', async () => {
    truncateSync(makeArchive(), 150)
    expect((await run(unpackPayload(place()))).code).not.toBe(0)
    expect(readdirSync(join(root, 'runtime')).filter((name) => !name.endsWith('.tar.gz'))).toEqual([])
  })

  test('machines that share a home and unpack at once agree on one, and each throws its own away', async () => {
    const ids = ['m-000000000001', 'm-000000000002', 'm-000000000003']
    for (const id of ids) makeArchive(id)
    const results = await Promise.all(ids.map((id) => run(unpackPayload(place(id)))))
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0])
    expect(readdirSync(join(root, 'runtime')).filter((name) => !name.endsWith('.tar.gz'))).toEqual([sha256])
  })

  test('one that was deleted in part, and what a killed try left, are replaced', async () => {
    makeArchive()
    mkdirSync(join(payload(), 'lib'), { recursive: true })
    const left = join(root, 'runtime', `.${sha256}.m-000000000001.999999999`)
    mkdirSync(left)
    expect(await run(unpackPayload(place()))).toMatchObject({ code: 0, output: 'unpacked\n' })
    expect(existsSync(join(payload(), 'bin', 'node'))).toBe(true)
    expect(existsSync(left)).toBe(false)
  })

  test('prune deletes what no session names, and says how much that was', async () => {
    makeArchive()
    await run(unpackPayload(place()))
    const session = join(root, 'clusters', 'lab-c-000000000001', 'host')
    mkdirSync(session, { recursive: true })
    writeFileSync(join(session, 'payload'), `${sha256}\n`)
    expect((await run(prunePayloads(root, [sha256]))).output).toBe(`kept payload 0 ${payload()}\n`)
    rmSync(session, { recursive: true })
    const removed = readRemoved((await run(prunePayloads(root, [sha256]))).output)
    expect(removed).toEqual([{ kind: 'payload', path: payload(), sizeBytes: expect.any(Number) }])
    expect(existsSync(payload())).toBe(false)
  })
})
