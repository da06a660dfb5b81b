import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findHolder, openDataFolder } from '#src-main/storage/data-folder.ts'
import { ownIdentity } from '#src-main/storage/process-identity.ts'
import { runtimeNode } from '#runtime/session/daemon.ts'
import { refusalOf, temporaryFolder } from './support.ts'

const program = new URL('./hold-folder.ts', import.meta.url).pathname

function start(...args: string[]): ChildProcess {
  const child = spawn(runtimeNode(), [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function linesOf(child: ChildProcess, count: number): Promise<string[]> {
  const lines: string[] = []
  if (!child.stdout) throw new Error('no output')
  for await (const line of createInterface(child.stdout)) if (lines.push(line) >= count) break
  return lines
}

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)
const isRoot = process.getuid?.() === 0

describe('the lock of a data folder', () => {
  test('is refused to a second opener, who hears which process holds it, and is free again after close', async () => {
    const path = join(await temporaryFolder(), 'deep', 'data')
    const first = await openDataFolder(path)
    const refusal = await refusalOf(openDataFolder(path))
    expect(refusal.code).toBe('storage.in-use')
    expect(refusal.message).toContain(`process ${process.pid}`)
    expect(refusal.message).toContain('shoal machine list')
    expect(refusal.details['pid']).toBe(process.pid)
    expect((await findHolder(path))?.pid).toBe(process.pid)
    await first.close()
    expect(await findHolder(path)).toBeUndefined()
    await (await openDataFolder(path)).close()
    expect(await readdir(path)).toEqual([])
  })

  test('of a process that was killed is free at once, and what it left is removed', async () => {
    const path = join(await temporaryFolder(), 'data')
    const child = start(path)
    expect((await linesOf(child, 1))[0]).toMatch(/^held /)
    const refusal = await refusalOf(openDataFolder(path))
    expect(refusal).toMatchObject({ code: 'storage.in-use', details: { pid: child.pid } })
    child.kill('SIGKILL')
    await once(child, 'exit')
    const folder = await openDataFolder(path)
    expect((await readdir(path)).filter((name) => name.startsWith('lock-'))).toHaveLength(1)
    await folder.close()
  })

  test('is never held by two of many that come at once', async () => {
    const path = join(await temporaryFolder(), 'data')
    const children = Array.from({ length: 6 }, () => start(path, '--race'))
    const spans: [number, number][] = []
    await Promise.all(
      children.map(async (child) => {
        const [first = '', second = ''] = await linesOf(child, 2)
        if (first.startsWith('held ')) spans.push([Number(first.slice(5)), Number(second.slice(6))])
        else expect(first).toBe('refused storage.in-use')
      }),
    )
    expect(spans.length).toBeGreaterThan(0)
    spans.sort((a, b) => a[0] - b[0])
    for (const [index, span] of spans.entries()) if (index > 0) expect(span[0]).toBeGreaterThanOrEqual(spans[index - 1]?.[1] ?? 0)
  })

  const plant = async (path: string, change: object) => {
    await mkdir(path, { mode: 0o700 })
    const owner = { ...(await ownIdentity()), ...change }
    await writeFile(join(path, 'lock-0123456789abcdef.json'), JSON.stringify({ owner, takenAtMs: 0 }), { mode: 0o600 })
  }

  test('of an earlier boot, or of a pid that is another process now, does not hold', async () => {
    const folder = await temporaryFolder()
    for (const change of [{ bootId: 'earlier' }, { startTime: '1' }, { pid: 4_194_303 }]) {
      const path = join(folder, Object.keys(change)[0] ?? '')
      await plant(path, change)
      await (await openDataFolder(path)).close()
      expect(await readdir(path)).toEqual([])
    }
  })

  test('of another computer or container holds, and the message names the file to delete', async () => {
    const folder = await temporaryFolder()
    for (const [index, change] of [
      { hostname: `not-${hostname()}`, bootId: 'other' },
      { pidNamespace: 'pid:[1]', startTime: '1' },
    ].entries()) {
      const path = join(folder, String(index))
      await plant(path, change)
      const { code, message } = await refusalOf(openDataFolder(path))
      expect(code).toBe('storage.in-use')
      expect(message).toContain(join(path, 'lock-0123456789abcdef.json'))
    }
  })

  test('that lost its content in a power cut does not hold', async () => {
    const path = await temporaryFolder()
    await writeFile(join(path, 'lock-0123456789abcdef.json'), '')
    await (await openDataFolder(path)).close()
    expect(await readdir(path)).toEqual([])
  })
})

describe('who may read and change a data folder', () => {
  test('it and all in it become the user’s alone', async () => {
    const path = await temporaryFolder()
    await mkdir(join(path, 'inside'), { mode: 0o755 })
    await writeFile(join(path, 'inside', 'a.json'), '{}', { mode: 0o644 })
    await writeFile(join(path, 'b.json'), '{}', { mode: 0o644 })
    await symlink('/etc/hostname', join(path, 'link'))
    await chmod(path, 0o755)
    const before = await modeOf('/etc/hostname')
    const folder = await openDataFolder(path)
    onTestFinished(() => folder.close())
    expect(await Promise.all([path, join(path, 'inside'), join(path, 'inside', 'a.json'), join(path, 'b.json')].map(modeOf))).toEqual([
      '700',
      '700',
      '600',
      '600',
    ])
    expect(await modeOf('/etc/hostname')).toBe(before)
    expect(await modeOf(await folder.folder('new'))).toBe('700')
    expect(await readFile(folder.file('b.json'), 'utf8')).toBe('{}')
  })

  test('one that others may change is refused, by itself or by a folder above it', async () => {
    const path = await temporaryFolder()
    await chmod(path, 0o770)
    expect(await refusalOf(openDataFolder(path))).toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining(`chmod 700 ${path}`),
    })
    expect(await readdir(path)).toEqual([])
    await chmod(path, 0o707)
    const below = join(path, 'data')
    expect((await refusalOf(openDataFolder(below))).message).toContain(`chmod o-w ${path}`)
    await chmod(path, 0o1777)
    await (await openDataFolder(below)).close()
  })

  test.skipIf(!isRoot)('one of another user is refused (needs root)', async () => {
    const path = await temporaryFolder()
    await chown(path, 12_345, 12_345)
    expect((await refusalOf(openDataFolder(path))).message).toContain('belongs to user id 12345')
  })
})
