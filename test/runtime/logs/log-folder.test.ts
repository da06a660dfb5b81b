import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LogFolder } from '#runtime/logs/log-folder.ts'
import { LogReader } from '#runtime/logs/log-reader.ts'
import { noJobId, workerLogName } from '#runtime/protocol/log-names.ts'

let parent: string
let path: string
let reader: LogReader
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'shoal-logs-test-'))
  path = join(parent, 'logs')
  mkdirSync(join(path, 'jobs', 'inner'), { recursive: true })
  writeFileSync(join(parent, 'secret'), 'secret\n')
  writeFileSync(join(path, 'agent.log'), 'one\ntwo\n')
  writeFileSync(join(path, 'jobs', 'inner', 'deep.log'), 'deep\n')
  reader = new LogReader(new LogFolder(path))
})
afterEach(() => {
  reader.close()
  rmSync(parent, { recursive: true, force: true })
})

const read = async (file: string) => Buffer.from((await reader.read({ file, offset: 0, maxBytes: 1_000, waitMs: 0 })).bytes).toString()
const names = (glob: string) => reader.list({ glob, after: '', maxFiles: 100 }).files.map(({ name }) => name)

describe('a folder of logs', () => {
  it('shows and reads what is in it, in folders too', async () => {
    expect(names('*')).toEqual(['agent.log'])
    expect(names('**')).toEqual(['agent.log', 'jobs/inner/deep.log'])
    expect(reader.list({ glob: '*', after: '', maxFiles: 100 }).folders).toEqual(['jobs/'])
    expect(await read('agent.log')).toBe('one\ntwo\n')
    expect(await read('jobs/inner/deep.log')).toBe('deep\n')
  })

  it('is listed in pages', () => {
    for (let at = 0; at < 25; at += 1) writeFileSync(join(path, `f-${String(at).padStart(2, '0')}.log`), 'x')
    const seen: string[] = []
    for (let after: string | null = ''; after !== null; ) {
      const page = reader.list({ glob: 'f-*', after, maxFiles: 10 })
      seen.push(...page.files.map(({ name }) => name))
      after = page.next
    }
    expect(seen).toHaveLength(25)
    expect(new Set(seen).size).toBe(25)
  })

  it.each([
    '../secret',
    'jobs/../../secret',
    '/etc/passwd',
    'jobs/../agent.log',
    '.',
    '..',
    'a\0b',
    'jobs',
    './agent.log',
    '\\secret',
    'a\nb',
    '',
  ])('refuses %j', async (name) => {
    await expect(read(name)).rejects.toMatchObject({ code: expect.stringMatching(/^(bad-argument|not-found)$/) })
  })

  it('follows no link: not one to a file, nor one in the way, nor one that is put there later', async () => {
    symlinkSync(join(parent, 'secret'), join(path, 'link.log'))
    symlinkSync(parent, join(path, 'out'))
    expect(names('**')).toEqual(['agent.log', 'jobs/inner/deep.log'])
    await expect(read('link.log')).rejects.toMatchObject({ code: 'not-found' })
    await expect(read('out/secret')).rejects.toMatchObject({ code: 'not-found' })
    renameSync(join(path, 'jobs'), join(path, 'real'))
    symlinkSync(join(path, 'real'), join(path, 'jobs'))
    await expect(read('jobs/inner/deep.log')).rejects.toMatchObject({ code: 'not-found' })
    expect(await read('real/inner/deep.log')).toBe('deep\n')
  })

  it('has regular files only, and does not wait at a pipe', async () => {
    execFileSync('mkfifo', [join(path, 'pipe.log')])
    await expect(read('pipe.log')).rejects.toMatchObject({ code: 'not-found' })
    linkSync(join(path, 'agent.log'), join(path, 'same.log'))
    expect(await read('same.log')).toBe('one\ntwo\n')
  })

  it('refuses globs that lead out', () => {
    for (const glob of ['../*', '/etc/*', 'jobs/../../*']) expect(() => names(glob)).toThrow(/relative/)
  })

  it('finds the log of a worker under the name it had before its job was known', async () => {
    const worker = { workerId: 'a'.repeat(56), pid: 17 }
    writeFileSync(join(path, workerLogName({ ...worker, jobId: '02000000' }, 'out')), 'work\n')
    expect(await read(workerLogName({ ...worker, jobId: noJobId }, 'out'))).toBe('work\n')
    await expect(read(workerLogName({ ...worker, jobId: noJobId }, 'err'))).rejects.toMatchObject({ code: 'not-found' })
  })

  it('that is not there is empty', () => {
    expect(new LogFolder(join(parent, 'none')).list({ glob: '**', after: '', maxFiles: 10 }).files).toEqual([])
  })
})
