import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type TestPanel, until } from '#test/support/panel.ts'
import { openPanelKnowing } from './panel-over-cluster.ts'

/** Far below the patience that a link has with a head. */
const promptMs = 5_000

function aSessionFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-session-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'head'))
  writeFileSync(join(folder, 'head', 'api-token'), 'a-token-of-a-head\n')
  return folder
}

async function aPanelOver(sessionFolder: string): Promise<TestPanel> {
  const { panel } = await openPanelKnowing({ sessionFolder, nodeId: null }, { isWatching: false })
  onTestFinished(() => panel.dispose())
  return panel
}

/** Whoever waits for the connection is told, and the panel has closed. */
async function expectPromptClose(panel: TestPanel, connecting: Promise<unknown>): Promise<void> {
  const begunMs = performance.now()
  await Promise.all([panel.stop(), connecting.catch(() => {})]) // how it is told is not what matters here
  expect(performance.now() - begunMs).toBeLessThan(promptMs)
}

test('a panel that closes while a head that hangs is being connected to does not wait for it', async () => {
  const sockets = new Set<Socket>()
  const hung = createServer((socket) => void sockets.add(socket.on('error', () => {}))) // takes connections, and answers none
  await new Promise<void>((resolve) => hung.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    hung.close()
  })
  const { port } = hung.address() as AddressInfo // it listens on a port
  const folder = aSessionFolder()
  writeFileSync(join(folder, 'head', 'head.json'), JSON.stringify({ apiAddress: `127.0.0.1:${port}` }))
  const panel = await aPanelOver(folder)
  const connecting = panel.host.call('clusters.connect', { cluster: 'lab' })
  await until('the head is asked', () => sockets.size > 0 || undefined)
  await expectPromptClose(panel, connecting)
}, 60_000)

test('nor for a disk of its machine that hangs', async () => {
  const folder = aSessionFolder()
  const pipe = join(folder, 'head', 'head.json')
  execFileSync('mkfifo', [pipe]) // whoever reads it waits for as long as nobody writes
  const panel = await aPanelOver(folder)
  const connecting = panel.host.call('clusters.connect', { cluster: 'lab' })
  const writer = await until('the file is read', () => {
    try {
      return openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK)
    } catch {
      return undefined // nobody reads it yet
    }
  })
  onTestFinished(() => closeSync(writer))
  await expectPromptClose(panel, connecting)
}, 60_000)
