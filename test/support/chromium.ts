import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'

const program = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'

/** Why no test can be made with a browser here, as what is missing; undefined when one can. */
export const whyNoChromium = (): string | undefined => (existsSync(program) ? undefined : 'chromium (Debian: apt-get install chromium)')

/** A tab of a real browser. */
export type Page = {
  /** Resolves when the page with all that it loads is there. */
  open(url: string): Promise<void>
  /** The value of an expression in the page, awaited, as JSON carries it. @throws Error what the page threw */
  value<T>(expression: string): Promise<T>
  /** Like `value`, as if somebody had clicked. */
  clicked<T>(expression: string): Promise<T>
  /** Any other order of the DevTools protocol. */
  send(method: string, params?: object): Promise<Record<string, unknown>>
}
export type Chromium = { newPage(): Promise<Page>; close(): Promise<void> }

type Message = { id?: number; sessionId?: string; method?: string; result?: Record<string, unknown>; error?: { message: string } }

/** A browser with a profile of its own, that it forgets. */
export async function startChromium(): Promise<Chromium> {
  const profile = mkdtempSync(join(tmpdir(), 'shoal-chromium-'))
  const child = spawn(program, [...flags, `--user-data-dir=${profile}`, 'about:blank'], { stdio: 'ignore', detached: true })
  const atExit = () => endGroup(child)
  process.once('exit', atExit)
  const close = async (socket?: WebSocket) => {
    socket?.close()
    endGroup(child)
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    process.off('exit', atExit)
    rmSync(profile, { recursive: true, force: true, maxRetries: 10 })
  }
  try {
    const socket = await connect(join(profile, 'DevToolsActivePort'), child)
    return { newPage: newPageOf(socket), close: () => close(socket) }
  } catch (error) {
    await close()
    throw error
  }
}

const flags = [
  ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--remote-debugging-port=0'],
  '--disable-site-isolation-trials', // frames of other sites are listed with their page; what they may do is the same
]

/** With the helpers that it started. */
function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // it has ended
  }
}

async function connect(portFile: string, child: ChildProcess): Promise<WebSocket> {
  const untilMs = performance.now() + 30_000
  while (!existsSync(portFile) || !readFileSync(portFile, 'utf8').includes('\n')) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`)
    if (performance.now() > untilMs) throw new Error(`${program} opened no port within 30 s`)
    await delay(50)
  }
  const [port, path] = readFileSync(portFile, 'utf8').trim().split('\n')
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { perMessageDeflate: false })
  await once(socket, 'open')
  return socket
}

function newPageOf(socket: WebSocket): () => Promise<Page> {
  const waiting = new Map<number, (message: Message) => void>()
  const loads = new Map<string, () => void>()
  let last = 0
  socket.on('message', (data) => {
    const message = JSON.parse(String(data as Buffer)) as Message // as the protocol of the browser has it
    if (message.id !== undefined) waiting.get(message.id)?.(message)
    if (message.method === 'Page.loadEventFired') loads.get(message.sessionId ?? '')?.()
  })
  const send = (method: string, params: object = {}, sessionId?: string) =>
    new Promise<Record<string, unknown>>((resolve, reject) => {
      const id = ++last
      const late = setTimeout(() => reject(new Error(`${method}: no answer of the browser within 30 s`)), 30_000)
      waiting.set(id, ({ result = {}, error }) => {
        clearTimeout(late)
        waiting.delete(id)
        if (error) reject(new Error(`${method}: ${error.message}`))
        else resolve(result)
      })
      socket.send(JSON.stringify({ id, method, params, sessionId }))
    })
  return async () => {
    const { targetId } = await send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true })
    const session = String(sessionId)
    await send('Page.enable', {}, session)
    const evaluate = async <T>(expression: string, userGesture: boolean): Promise<T> => {
      const asked = { expression, awaitPromise: true, returnByValue: true, userGesture }
      const { result, exceptionDetails } = await send('Runtime.evaluate', asked, session)
      if (exceptionDetails) throw new Error(`the page threw: ${JSON.stringify(exceptionDetails).slice(0, 500)}`)
      return (result as { value: T }).value // as Runtime.evaluate has it; the caller knows what it asked for
    }
    return {
      send: (method, params) => send(method, params, session),
      value: (expression) => evaluate(expression, false),
      clicked: (expression) => evaluate(expression, true),
      async open(url) {
        const loaded = new Promise<void>((resolve) => loads.set(session, resolve))
        const { errorText } = await send('Page.navigate', { url }, session)
        if (typeof errorText === 'string' && errorText !== '') throw new Error(`${url} did not open: ${errorText}`)
        await loaded
      },
    }
  }
}
