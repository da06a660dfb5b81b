import { mkdirSync, renameSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LogSearchPage } from '#runtime/api/logs.ts'
import { noJobId, workerLogName } from '#runtime/protocol/log-names.ts'
import type { TestNode } from '#test/support/cluster.ts'
import { appendLog, type LogCluster, logPath, startLogCluster, StreamRecord, writeLog } from './log-cluster.ts'

let logs: LogCluster
let first: TestNode
let second: TestNode
beforeAll(async () => {
  logs = await startLogCluster([{}, {}])
  ;[first, second] = logs.cluster.nodes as [TestNode, TestNode]
})
afterAll(() => logs?.stop())
const patient = { timeout: 20_000 }

const at = (node: TestNode) => `node_id=${node.nodeId}`
const file = (node: TestNode, name: string, more = '') =>
  logs.get(`/api/v0/logs/file?${at(node)}&filename=${encodeURIComponent(name)}${more}`)

describe('GET /api/v0/logs', () => {
  it('lists the files of a node by kind, folders with a slash', async () => {
    mkdirSync(logPath(second, 'inner'))
    writeLog(second, 'inner/deep.log', 'deep\n')
    const answer = await logs.get(`/api/v0/logs?${at(first)}`)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({
      result: true,
      msg: '',
      data: { result: { gcs_server: ['head.log'], agent: ['agent.log'] } },
    })
    expect(await (await logs.get(`/api/v0/logs?${at(second)}`)).json()).toMatchObject({
      data: { result: { internal: ['inner/'], agent: ['agent.log'] } },
    })
    expect(await (await logs.get(`/api/v0/logs?${at(second)}&glob=${encodeURIComponent('**/*.log')}`)).json()).toMatchObject({
      data: { result: { internal: ['inner/deep.log'], agent: ['agent.log'] } },
    })
  })

  it('finds the node by its address, the one of the head first', async () => {
    expect(await (await logs.get('/api/v0/logs?node_ip=127.0.0.1&glob=head*')).json()).toMatchObject({
      data: { result: { gcs_server: ['head.log'] } },
    })
  })

  it.each([
    ['', 400],
    ['?node_ip=10.9.9.9', 404],
    [`?node_id=${'0'.repeat(56)}`, 404],
    ['?node_id=../../etc', 400],
    ['?node_ip=127.0.0.1&glob=../*', 400],
    ['?node_ip=127.0.0.1&glob=/etc/*', 400],
    ['?node_ip=127.0.0.1&timeout=abc', 400],
  ])('%s is answered with %d and a reason', async (query, status) => {
    const answer = await logs.get(`/api/v0/logs${query}`)
    expect(answer.status).toBe(status)
    expect(await answer.json()).toMatchObject({ result: false, msg: expect.stringMatching(/\w+/), data: { result: null } })
  })
})

describe('GET /api/v0/logs/file', () => {
  it('gives the last lines, all of them, or those without colours, byte for byte', async () => {
    const bytes = Buffer.concat([
      Buffer.from('one\n\u001b[31m<script>alert(1)</script>\u001b[0m\n'),
      Buffer.from([0xff, 0xfe, 0x0a]),
      Buffer.from('漢字\n'),
    ])
    writeLog(first, 'mine.log', bytes)
    const answer = await file(first, 'mine.log')
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/plain',
      'content-disposition': 'attachment; filename="file.txt"',
      'x-content-type-options': 'nosniff',
      'x-shoal-log-source': 'node',
      'x-shoal-log-first-offset': '0',
    })
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes)
    expect(Buffer.from(await (await file(first, 'mine.log', '&lines=2')).arrayBuffer())).toEqual(bytes.subarray(-10))
    expect(await (await file(first, 'mine.log', '&lines=3&filter_ansi_code=True')).text()).toMatch(/^<script>alert\(1\)<\/script>\n/)
    expect(await (await file(first, 'mine.log', '&lines=0')).text()).toBe('')
    expect((await file(first, 'mine.log', '&download_filename=a"b%0d%0ac')).headers.get('content-disposition')).toBe(
      'attachment; filename="a_b__c"',
    )
  })

  it('gives all of a large file, a line of 5 MB included', async () => {
    const text = `${'x'.repeat(5_000_000)}\n${'line\n'.repeat(200_000)}`
    writeLog(second, 'large.log', text)
    expect(await (await file(second, 'large.log', '&lines=-1')).text()).toBe(text)
    expect(await (await file(second, 'large.log')).text()).toBe('line\n'.repeat(1_000))
  })

  it('gives bytes from any place on, and says where they stand and how far the file goes', async () => {
    writeLog(first, 'bytes.log', '0123456789')
    const part = async (query: string) => {
      const answer = await file(first, 'bytes.log', query)
      return [await answer.text(), answer.headers.get('x-shoal-log-offset'), answer.headers.get('x-shoal-log-end')]
    }
    expect(await part('&offset=3&max_bytes=4')).toEqual(['3456', '3', '10'])
    expect(await part('&offset=7&lines=1')).toEqual(['789', '7', '10'])
    expect(await part('&offset=10&max_bytes=4')).toEqual(['', '10', '10'])
    expect(await part('&offset=99')).toEqual(['', '10', '10'])
    expect((await file(first, 'bytes.log', '&offset=-1')).status).toBe(400)
  })

  it('does not leave the folder, by path or by link', async () => {
    writeFileSync(join(first.tempDir, 'secret'), 'secret')
    symlinkSync(join(first.tempDir, 'secret'), logPath(first, 'link.log'))
    symlinkSync(first.tempDir, logPath(first, 'way'))
    for (const name of [
      '../secret',
      '../head/api-token',
      '/etc/passwd',
      'inner/../../secret',
      'link.log',
      'way/secret',
      'way/head/api-token',
      '..',
      'a\0b',
    ]) {
      const answer = await file(first, name)
      expect({ name, isRefused: [400, 404].includes(answer.status) }).toEqual({ name, isRefused: true })
      expect(await answer.text()).not.toContain('secret\n')
    }
  })

  it.each([
    ['', 400],
    ['filename=agent.log', 400],
    [`node_id=${'0'.repeat(56)}&filename=agent.log`, 404],
    ['node_ip=127.0.0.1&filename=none.log', 404],
    ['node_ip=127.0.0.1&pid=1', 404],
    ['node_ip=127.0.0.1&pid=x', 400],
    [`actor_id=${'0'.repeat(32)}`, 404],
    ['actor_id=xyz', 400],
    [`task_id=${'0'.repeat(48)}`, 404],
    ['submission_id=raysubmit_none', 404],
    ['submission_id=../../etc', 404],
    ['node_ip=127.0.0.1&filename=agent.log&suffix=log', 400],
    ['node_ip=127.0.0.1&filename=agent.log&lines=many', 400],
  ])('%s is answered with %d and a reason', async (query, status) => {
    const answer = await logs.get(`/api/v0/logs/file?${query}`)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await answer.text()).toMatch(/^[^{]*\w{3}/)
  })
})

describe('GET /api/v0/logs/stream', () => {
  it('gives the last lines and then what is written, until the client goes', async () => {
    writeLog(second, 'live.log', 'one\ntwo\nthree\n')
    const stop = new AbortController()
    const answer = await logs.get(`/api/v0/logs/stream?${at(second)}&filename=live.log&lines=2&interval=0.5`, { signal: stop.signal })
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
    let text = ''
    const readUntil = async (wanted: string) => {
      while (!text.endsWith(wanted)) text += Buffer.from((await reader.read()).value ?? new Uint8Array()).toString()
    }
    await readUntil('three\n')
    appendLog(second, 'live.log', 'four\n')
    await readUntil('four\n')
    expect(text).toBe('two\nthree\nfour\n')
    stop.abort()
  })
})

describe('GET /api/shoal/v1/logs/search', () => {
  const search = async (query: string) => {
    const answer = await logs.get(`/api/shoal/v1/logs/search?${query}`)
    return { status: answer.status, body: (await answer.json()) as object }
  }

  it('finds lines of all nodes, page by page', async () => {
    for (const node of [first, second])
      writeLog(
        node,
        'needles.log',
        Array.from({ length: 30 }, (_, index) => `2026-01-31T09:00:00Z WARN needle ${index} of ${node.nodeId}\n`).join(''),
      )
    const seen: string[] = []
    let cursor = ''
    do {
      const page = LogSearchPage.parse((await search(`text=needle&level=warn&glob=needles.log&limit=13${cursor}`)).body)
      expect(page.warnings).toEqual([])
      seen.push(...page.lines.map(({ text }) => text))
      cursor = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`
    } while (cursor !== '')
    expect(seen).toHaveLength(60)
    expect(new Set(seen).size).toBe(60)
  })

  it.each([
    ['regex=(', 'no regular expression'],
    ['text=a&regex=b', 'not both'],
    ['text=a&since=yesterday', 'since'],
    ['text=a&cursor=xyz', 'cursor'],
    ['text=a&limit=5000', 'limit'],
    ['text=a&glob=../*', 'relative'],
  ])('%s is refused by name', async (query, reason) => {
    expect(await search(query)).toMatchObject({
      status: 400,
      body: { error: { code: 'bad-argument', message: expect.stringContaining(reason) } },
    })
  })

  it('refuses a pattern that takes for ever, and the node goes on', async () => {
    writeLog(second, 'evil.log', `${'a'.repeat(100)}!\n`)
    expect(await search(`regex=${encodeURIComponent('^(a+)+$')}&glob=evil.log`)).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('too long') } },
    })
    expect((await search('text=a&glob=evil.log')).body).toMatchObject({ lines: [{ node_id: second.nodeId }] })
  })
})

describe('WS /api/shoal/v1/logs/stream', () => {
  it('merges many files, with filters, and takes up new ones', async () => {
    writeLog(first, 'merged-a.log', 'INFO a1\nERROR a2\n')
    writeLog(second, 'merged-b.log', 'ERROR b1\n')
    const stream = new StreamRecord(logs.socket('/api/shoal/v1/logs/stream'), {
      selectors: [{ file: 'merged-*' }],
      level: 'error',
      tail: -1,
    })
    await expect.poll(() => stream.has('live'), patient).toBe(true)
    expect(stream.lines.sort()).toEqual(['ERROR a2', 'ERROR b1'])
    writeLog(second, 'merged-c.log', 'ERROR c1\n')
    appendLog(first, 'merged-a.log', 'DEBUG a3\nERROR a4\n')
    await expect.poll(() => stream.lines.sort(), patient).toEqual(['ERROR a2', 'ERROR a4', 'ERROR b1', 'ERROR c1'])
    expect(stream.resume[`${first.nodeId}/merged-a.log`]).toBe(35)
    stream.end()
  })

  it('goes on where a client was, and gives no line twice', async () => {
    writeLog(first, 'again.log', 'one\n')
    const order = { selectors: [{ node_id: first.nodeId, file: 'again.log' }] }
    const stream = new StreamRecord(logs.socket('/api/shoal/v1/logs/stream'), order)
    await expect.poll(() => stream.lines).toEqual(['one'])
    stream.end()
    appendLog(first, 'again.log', 'two\nthree\n')
    const again = new StreamRecord(logs.socket('/api/shoal/v1/logs/stream'), { ...order, resume: stream.resume })
    await expect.poll(() => again.lines, patient).toEqual(['two', 'three'])
    again.end()
  })

  it('shows a line that has not ended as a piece, and a very long one in pieces that make it whole', async () => {
    const long = `${'\u001b[31m漢'.repeat(100_000)}\n`
    writeLog(first, 'long.log', `${long}password: `)
    const stream = new StreamRecord(logs.socket('/api/shoal/v1/logs/stream'), { selectors: [{ file: 'long.log' }], tail: -1 })
    await expect.poll(() => stream.lines.at(-1), patient).toBe('password: ')
    expect(`${stream.lines.slice(0, -1).join('')}\n`).toBe(long)
    stream.end()
  })

  it.each([
    [{ selectors: [] }, 'selectors'],
    [{ selectors: [{ node_id: 'x' }] }, 'node_id'],
    [{ selectors: [{}], regex: '(' }, 'no regular expression'],
    [{ selectors: [{}], nonsense: 1 }, 'nonsense'],
  ])('says what is wrong with %j', async (order, reason) => {
    const stream = new StreamRecord(logs.socket('/api/shoal/v1/logs/stream'), order)
    expect(await stream.closed).toBe(4_000)
    expect(stream.messages).toMatchObject([{ type: 'failed', code: 'bad-argument', message: expect.stringContaining(reason) }])
  })

  it('ends with the reason when a pattern takes too long', async () => {
    writeLog(first, 'evil.log', `${'a'.repeat(100)}!\n`)
    const stream = new StreamRecord(logs.socket('/api/shoal/v1/logs/stream'), { selectors: [{ file: 'evil.log' }], regex: '^(a+)+$' })
    expect(await stream.closed).toBe(4_000)
    expect(stream.messages.at(-1)).toMatchObject({ type: 'failed', message: expect.stringContaining('too long') })
  })

  it('says which bytes are gone, and goes on behind them', async () => {
    writeLog(second, 'holed.log', '')
    truncateSync(logPath(second, 'holed.log'), 1_000_000)
    appendLog(second, 'holed.log', 'left\n')
    const key = `${second.nodeId}/holed.log`
    const stream = new StreamRecord(logs.socket('/api/shoal/v1/logs/stream'), { selectors: [{ file: 'holed.log' }], resume: { [key]: 10 } })
    await expect.poll(() => stream.lines, patient).toEqual(['left'])
    expect(stream.messages).toContainEqual({ type: 'gap', source: 1, from: 10, to: 1_000_000 })
    expect(stream.resume[key]).toBe(1_000_005)
    stream.end()
  })

  it('stays with the files of a worker when they are renamed for its job', async () => {
    const worker = { workerId: 'e'.repeat(56), pid: 4_711 }
    const before = workerLogName({ ...worker, jobId: noJobId }, 'out')
    const after = workerLogName({ ...worker, jobId: '0a000000' }, 'out')
    writeLog(first, before, 'one\n')
    const stream = new StreamRecord(logs.socket('/api/shoal/v1/logs/stream'), { selectors: [{ worker_id: worker.workerId }] })
    await expect.poll(() => stream.lines, patient).toEqual(['one'])
    renameSync(logPath(first, before), logPath(first, after))
    appendLog(first, after, 'two\n')
    await expect.poll(() => stream.lines, patient).toEqual(['one', 'two'])
    await expect
      .poll(() => stream.messages.filter(({ type }) => type === 'source'), patient)
      .toMatchObject([
        { source: 1, file: before, job_id: noJobId, pid: 4_711, stream: 'out' },
        { source: 1, file: after, job_id: '0a000000', worker_id: worker.workerId },
      ])
    expect(stream.lines).toEqual(['one', 'two'])
    stream.end()
  })

  it('gives a slow client everything, later', async () => {
    const line = (index: number) => `${String(index).padStart(9, '0')} ${'x'.repeat(89)}`
    const stream = new StreamRecord(logs.socket('/api/shoal/v1/logs/stream'), { selectors: [{ file: 'slow.log' }], tail: -1 })
    await expect.poll(() => stream.has('live'), patient).toBe(true)
    stream.pause()
    writeLog(second, 'slow.log', Array.from({ length: 200_000 }, (_, index) => `${line(index)}\n`).join(''))
    await new Promise((resolve) => setTimeout(resolve, 3_000)) // long enough for all buffers between to fill
    stream.goOn()
    await expect.poll(() => stream.lines.length, patient).toBe(200_000)
    expect(stream.lines.every((text, index) => text === line(index))).toBe(true)
    expect(stream.has('gap')).toBe(false)
    stream.end()
  })
})

describe('a node that died', () => {
  it('leaves logs that can be listed, read, searched and followed to their end', async () => {
    const lost = await logs.cluster.addNode()
    writeLog(lost, 'left.log', `${'old\n'.repeat(600_000)}last needle of all\n`)
    const url = `/api/v0/logs/file?${at(lost)}&filename=left.log&lines=1`
    const stream = new StreamRecord(logs.socket('/api/shoal/v1/logs/stream'), {
      selectors: [{ node_id: lost.nodeId, file: 'left.log' }],
      tail: 1,
    })
    await expect.poll(() => stream.lines, patient).toEqual(['last needle of all'])
    await expect.poll(async () => (await logs.get(`/api/v0/logs?${at(lost)}&glob=left.log`)).status, patient).toBe(200)
    await expect.poll(() => copiedBytes(lost), { timeout: 60_000 }).toBe(2_400_019)
    await logs.cluster.killNode(lost)
    await expect.poll(async () => (await logs.get(url)).headers.get('x-shoal-log-source'), patient).toBe('head-copy')
    const answer = await logs.get(url)
    expect(await answer.text()).toBe('last needle of all\n')
    expect(Number(answer.headers.get('x-shoal-log-first-offset'))).toBeGreaterThan(1_000_000)
    const listed = await logs.get(`/api/v0/logs?${at(lost)}`)
    expect(listed.headers.get('x-shoal-log-source')).toBe('head-copy')
    expect(await listed.json()).toMatchObject({ data: { result: { internal: ['left.log'], agent: ['agent.log'] } } })
    const found = LogSearchPage.parse(await (await logs.get(`/api/shoal/v1/logs/search?text=needle+of+all&node_id=${lost.nodeId}`)).json())
    expect(found.lines).toMatchObject([{ text: 'last needle of all', file: 'left.log' }])
    await expect.poll(() => stream.has('end'), patient).toBe(true)
    expect(stream.lines).toEqual(['last needle of all'])
    stream.end()
  })
})

/** How far the head's copy goes: what it would answer if the node were gone now. */
async function copiedBytes(node: TestNode): Promise<number> {
  const { statSync } = await import('node:fs')
  const path = join(logs.cluster.tempDir, 'head', 'log-copies', node.nodeId, 'left.log')
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
