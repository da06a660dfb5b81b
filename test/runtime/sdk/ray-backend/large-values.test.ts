import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, test } from 'vitest'
import { BridgeLink } from '#runtime/sdk/ray-backend/bridge-link.ts'

/**
 * The Python side without Ray: sends back what comes, out of memory that stands in for Ray's where it is asked to, and says what it still
 * holds for us.
 */
const peer = `
import mmap, os, socket, sys
sys.path.insert(0, sys.argv[1])
from shoal_ray.arena import Arena
from shoal_ray.frames import Link
from shoal_ray.memory import Memory
descriptor = os.open("/dev/shm", os.O_TMPFILE | os.O_RDWR, 0o600)
os.truncate(descriptor, 64 << 20)
store = mmap.mmap(descriptor, 64 << 20)
memory = Memory(Arena(f"/proc/{os.getpid()}/fd/{descriptor}"))
link = Link(socket.socket(fileno=3), memory)
link.send({"type": "worker.start", "jobId": "", "nodeId": "", "workerId": "", "namespace": "", "rayVersion": "", "command": [], **memory.facts()})
end = 64
for header, buffers in link.frames():
    kind = header["type"]
    answer = {"type": "reply", "request": header.get("request"), "status": "ready"}
    if kind == "memory.opened":
        memory.opened(header["arena"] and sys.argv[2] == "arena", header["files"] and sys.argv[2] != "socket")
    elif kind == "staging.open":
        opened = sys.argv[2] != "socket" and memory.open_staging(header["path"], header["sizeBytes"], header["marksBytes"])
        link.send({**answer, "opened": opened})
    elif kind == "views.release":
        memory.release(header["views"])
    elif kind == "held":
        link.send({**answer, "held": len(memory._held)})
    else:
        data = memoryview(buffers[0])
        if sys.argv[2] == "arena":
            store[end : end + len(data)] = data
            data = memoryview(store)[end : end + len(data)].toreadonly()
            end += (len(data) + 63) // 64 * 64
        link.send({**answer, "staged": isinstance(buffers[0], memoryview)}, [data])
    del buffers
`
const python = spawnSync('python3', ['--version']).status === 0 && process.platform === 'linux'
const bridge = fileURLToPath(new URL('../../../../runtime/ray-bridge', import.meta.url))
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void // V8's own, exposed by the flag

const links: BridgeLink[] = []
afterEach(() => {
  for (const link of links.splice(0)) link.close()
})

async function connect(way: 'arena' | 'files' | 'socket'): Promise<BridgeLink> {
  const child = spawn('python3', ['-B', '-c', peer, bridge, way], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    const link = new BridgeLink(child.stdio[3] as Socket /* a pipe, as asked for */, {
      onMessage: (message) => {
        if (message.type !== 'worker.start') return
        link.send({ type: 'memory.opened', ...link.large.openMemory(message) })
        resolve(link)
      },
      onClosed: () => {},
    })
    links.push(link)
  })
}

async function echo(link: BridgeLink, bytes: Uint8Array): Promise<{ bytes: Uint8Array; staged: unknown }> {
  const { fields, buffers } = await link.request({ type: 'echo' }, [bytes])
  return { bytes: buffers[0] ?? new Uint8Array(), staged: fields['staged'] }
}
const patterned = (sizeBytes: number): Uint8Array => new Uint8Array(sizeBytes).map((_, index) => index % 251)
const mappings = (): number => readFileSync('/proc/self/maps', 'utf8').split('\n').length

describe.skipIf(!python)(`large values between Node and Python${python ? '' : ' (needs Linux and python3)'}`, () => {
  test.each(['arena', 'files', 'socket'] as const)('arrive whole both ways: %s', async (way) => {
    const link = await connect(way)
    for (const size of [10, 102_400, 102_401, 1_000_003, 5_000_000]) {
      const bytes = patterned(size)
      const came = await echo(link, bytes)
      expect(Buffer.compare(came.bytes, bytes), `${size} bytes`).toBe(0)
      expect(came.staged, `${size} bytes`).toBe(way !== 'socket' && size > 102_400)
    }
  })

  test.each(['arena', 'files'] as const)('Python holds them as long as somebody here has them: %s', async (way) => {
    const link = await connect(way)
    const held = async () => (await link.request({ type: 'held' })).fields['held']
    const before = mappings()
    let values = await Promise.all(Array.from({ length: 20 }, async () => (await echo(link, patterned(300_000))).bytes))
    expect(await held()).toBe(20)
    expect(link.large.liveViews).toBe(20)
    values = values.slice(0, 1)
    await expect
      .poll(
        () => {
          collect()
          return held()
        },
        { timeout: 20_000 },
      )
      .toBe(1)
    expect(Buffer.compare(values[0] ?? new Uint8Array(), patterned(300_000))).toBe(0)
    expect(mappings()).toBeLessThan(before + 15)
  })

  test('frames behind one that waits for room keep their order', async () => {
    const link = await connect('files')
    const order: number[] = []
    const sizes = [1_000_000, 10, 2_000_000, 20, 300_000]
    await Promise.all(
      sizes.map(async (size, index) => {
        expect((await echo(link, patterned(size))).bytes.length).toBe(size)
        order.push(index)
      }),
    )
    expect(order).toEqual([0, 1, 2, 3, 4])
  })

  test('what was sent and read makes room for more than the memory holds', async () => {
    const link = await connect('files')
    const bytes = patterned(100_000_000)
    for (let round = 0; round < 12; round += 1) {
      const came = await link.request({ type: 'echo' }, [bytes])
      expect(came.fields['staged']).toBe(true)
      collect()
    }
  })

  test('the memory on its way is gone with the link', async () => {
    const link = await connect('arena')
    await echo(link, patterned(1_000_000))
    const opened = () =>
      Array.from({ length: 100 }, (_, descriptor) => linkOf(descriptor)).filter((path) => path.startsWith('/dev/shm')).length
    const before = opened()
    expect(before).toBeGreaterThanOrEqual(2)
    link.close()
    await expect.poll(opened, { timeout: 20_000 }).toBeLessThanOrEqual(before - 2)
  })
})

function linkOf(descriptor: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return ''
  }
}
