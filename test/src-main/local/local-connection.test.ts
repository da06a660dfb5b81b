import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LocalConnection } from '#src-main/local/local-connection.ts'
import { readLogin } from '#src-main/local/login-environment.ts'
import type { ShellSession } from '#src-main/ssh/host-connection.ts'

let folder: string
let connection: LocalConnection
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-local-'))
  connection = new LocalConnection('this-computer', { ...readLogin(), home: folder })
})
afterEach(() => {
  connection.close()
  rmSync(folder, { recursive: true, force: true })
})

const isRunning = (pid: number): boolean => {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}

describe('commands on this computer', () => {
  test('run in the home folder with the shell of the user, and an exit code is a result', async () => {
    expect(await connection.exec('pwd; echo no >&2; exit 3')).toEqual({
      code: 3,
      signal: null,
      stdout: `${folder}\n`,
      stderr: 'no\n',
      isTruncated: false,
    })
  })

  test('get what is on their input, as text and as a stream', async () => {
    expect((await connection.exec('cat', { stdin: 'text' })).stdout).toBe('text')
    expect((await connection.exec('wc -c', { stdin: Readable.from([Buffer.alloc(300_000)]) })).stdout.trim()).toBe('300000')
  })

  test('a script has its arguments and an empty input, and stands in no list of processes', async () => {
    const { stdout } = await connection.script('read line || echo "no input"; echo "$2"; tr "\\0" " " </proc/$$/cmdline', ['a', "it's b"])
    expect(stdout).toBe("no input\nit's b\n/bin/sh -s ")
  })

  test('lines come as they are printed, and what is over the limit is thrown away', async () => {
    const lines: string[] = []
    const { stdout, isTruncated } = await connection.exec('echo one; echo two >&2; seq 10000', {
      maxOutputBytes: 10,
      onLine: (line, stream) => void (lines.length < 2 || stream === 'stderr' ? lines.push(`${stream} ${line}`) : undefined),
    })
    expect(stdout).toBe('one\n1\n2\n3\n')
    expect(isTruncated).toBe(true)
    expect(lines).toContain('stdout one')
    expect(lines).toContain('stderr two')
  })

  test.each(['timeout', 'cancelled', 'closed'])('one that is %s ends with all that it started', async (how) => {
    const stop = new AbortController()
    const pids: number[] = []
    const told = connection.exec('sleep 300 & echo $!; echo $$; wait', {
      ...(how === 'timeout' ? { timeoutMs: 3_000 } : {}),
      signal: stop.signal,
      onLine: (line) => {
        pids.push(Number(line))
        if (pids.length < 2) return
        if (how === 'cancelled') stop.abort()
        if (how === 'closed') connection.close()
      },
    })
    await expect(told).rejects.toMatchObject({ code: how === 'timeout' ? 'timeout' : 'link.closed' })
    await expect.poll(() => pids.filter(isRunning)).toEqual([])
    expect(pids).toHaveLength(2)
  })

  test('one that leaves something running with its output open is not waited for long', async () => {
    const { stdout } = await connection.exec('sleep 300 & echo $!')
    process.kill(Number(stdout))
    expect(stdout).toMatch(/^\d+\n$/)
  })

  test('know nothing of how this process was started', async () => {
    const { stdout } = await connection.exec('env')
    const places = /^PATH=(.*)$/m.exec(stdout)?.[1]?.split(':') // a profile of this user may add some
    expect(places).toEqual(expect.arrayContaining((process.env['PATH'] ?? '').split(':')))
    expect(stdout.split('\n').filter((line) => /^(NODE_|VITEST|npm_|SHOAL_|ELECTRON_)/.test(line))).toEqual([])
  })

  test('nothing runs any more on a connection that was closed', async () => {
    connection.close()
    expect(await connection.closed).toBeNull()
    await expect(connection.exec('true')).rejects.toMatchObject({ code: 'link.closed' })
    await expect(connection.openShell({ cols: 80, rows: 24 })).rejects.toMatchObject({ code: 'link.closed' })
  })
})

describe('files', () => {
  const content = Buffer.alloc(3_000_000, 'shoal')
  const sha256 = createHash('sha256').update(content).digest('hex')
  const source = () => {
    const path = join(folder, 'source')
    writeFileSync(path, content)
    return path
  }

  test('arrive whole with the mode that was asked for, and one that is there is left alone', async () => {
    const seen: number[] = []
    const options = { sha256, sizeBytes: content.length, mode: 0o640, onProgress: (bytes: number) => void seen.push(bytes) }
    await connection.upload(source(), '~/deep/er/file', options)
    const path = join(folder, 'deep', 'er', 'file')
    expect(readFileSync(path).equals(content)).toBe(true)
    expect(statSync(path).mode & 0o777).toBe(0o640)
    expect([seen[0], seen.at(-1)]).toEqual([0, content.length])
    const { ino } = statSync(path)
    await connection.upload(source(), path, options)
    expect(statSync(path).ino).toBe(ino)
    expect(readdirSync(join(folder, 'deep', 'er'))).toEqual(['file'])
  })

  test.each([
    { how: 'with another sum', sum: 'a'.repeat(64), under: 'target', cause: 'differs' },
    { how: 'into a folder that is a file', sum: sha256, under: 'source/x', cause: 'bad-path' },
    { how: 'under the name of a folder', sum: sha256, under: '.', cause: 'is-folder' },
  ])('one $how is refused with the cause, and leaves no part', async ({ sum, under, cause }) => {
    const upload = connection.upload(source(), join(folder, under), { sha256: sum, sizeBytes: content.length })
    await expect(upload).rejects.toMatchObject({ code: 'ssh.upload-failed', details: { cause } })
    expect(readdirSync(folder)).toEqual(['source'])
  })
})

test('a tunnel leads to a port of this computer, and one where nobody listens is refused', async () => {
  const server = createServer((socket) => socket.end('hello'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  expect(await new Response(Readable.toWeb(await connection.openTunnel('127.0.0.1', port)) as ReadableStream).text()).toBe('hello') // of the same web streams
  await new Promise((resolve) => server.close(resolve))
  await expect(connection.openTunnel('127.0.0.1', port)).rejects.toMatchObject({ code: 'ssh.tunnel-refused' })
})

describe('a terminal on this computer', () => {
  /** All that it shows, and a way to wait for a part of it. */
  const watch = (shell: ShellSession) => {
    let text = ''
    shell.output.on('data', (piece: Buffer) => (text += String(piece)))
    return async (part: string | RegExp) => {
      await expect.poll(() => text).toMatch(part)
    }
  }
  /** A PATH on which of the two programs that make terminals there is only one, or none. */
  const loginWith = (...programs: string[]) => {
    const path = join(folder, 'bin')
    mkdirSync(path)
    for (const program of ['sh', 'bash', 'stty', 'tty', 'sleep', ...programs]) {
      const real = ['/usr/bin', '/bin'].map((place) => join(place, program)).find((candidate) => existsSync(candidate))
      writeFileSync(join(path, program), `#!/bin/sh\nexec ${real ?? '/nowhere'} "$@"\n`)
      chmodSync(join(path, program), 0o755)
    }
    const login = readLogin()
    return { ...login, env: { ...login.env, PATH: path }, shell: '/bin/sh', home: folder }
  }
  const hasPython = existsSync('/usr/bin/python3')

  test.each([{ program: 'script' }, ...(hasPython ? [{ program: 'python3' }] : [])])(
    'made by $program is one: it has a size that follows, keys that interrupt, and an exit code',
    async ({ program }) => {
      const local = new LocalConnection('this-computer', loginWith(program))
      const shell = await local.openShell({ cols: 101, rows: 31, command: `PS1='$ ' exec /bin/sh -i` })
      const shows = watch(shell)
      shell.write('stty size; tty\r')
      await shows(/31 101\r\n\/dev\//)
      shell.resize(120, 40)
      shell.write('stty size; sleep 300; echo "after $((40 + 2))"\r')
      await shows('40 120')
      shell.write('\u0003')
      shell.write('echo "now $((6 * 7))"\r')
      await shows('now 42')
      shell.write('exit 7\r')
      expect(await shell.ended).toEqual({ code: 7, signal: null })
      local.close()
    },
  )

  test('that is closed ends what runs in it', async () => {
    const shell = await connection.openShell({ cols: 80, rows: 24, command: 'sleep 300 & echo "pid $!."; exec sleep 300' })
    let text = ''
    shell.output.on('data', (piece: Buffer) => (text += String(piece)))
    await expect.poll(() => text).toMatch(/pid \d+\./)
    const pid = Number(/pid (\d+)\./.exec(text)?.[1])
    expect(isRunning(pid)).toBe(true)
    shell.close()
    expect((await shell.ended).code).toBeNull()
    await expect.poll(() => isRunning(pid)).toBe(false)
  })

  test('says what to install where no program can make one', async () => {
    const local = new LocalConnection('this-computer', loginWith())
    await expect(local.openShell({ cols: 80, rows: 24 })).rejects.toMatchObject({
      code: 'not-supported',
      message: expect.stringContaining('needs the program script'),
    })
    local.close()
  })
})
