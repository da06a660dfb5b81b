import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { _electron, type ElectronApplication, errors, expect as see, type Page } from '@playwright/test'
import { runtimeNode } from '#runtime/session/daemon.ts'
import type { AskInput, AskOutput, DesktopAsk } from '#src-main/contract/desktop-bridge.ts'
import type { GivenInput, Method, Output } from '#src-main/contract/panel.ts'
import { repository } from '../tidy/repository-files.ts'
import { until } from './checks.ts'
import { electronBinary, whyNoElectron } from './electron-binary.ts'
import { oneAtATime } from './lock.ts'
import { openScreen, type Screen, whyNoScreen } from './xvfb.ts'

/** Why the desktop app cannot be started here, as what is missing; undefined when it can. */
export function whyNoDesktop(): string | undefined {
  if (process.platform !== 'linux') return 'Linux'
  const missing = whyNoScreen() ?? whyNoElectron()
  if (missing === undefined && !existsSync(join(repository, 'dist', 'renderer', 'index.html')))
    return 'dist/renderer (node scripts/renderer.mjs)'
  return missing
}

/** A user with a home and a screen of their own, who starts the app as often as they like. */
export type DesktopUser = {
  readonly home: string
  /** What the app and its host run with. */
  readonly env: Record<string, string>
  readonly screen: Screen
  start(options?: StartOptions): Promise<DesktopApp>
  dispose(): Promise<void>
}

type StartOptions = {
  readonly words?: readonly string[]
  readonly env?: Record<string, string>
  /** Of a packaged app. @default the test's Electron on the repository */
  readonly executable?: string
}

export type DesktopApp = {
  readonly electron: ElectronApplication
  /** The window that opened first. */
  readonly page: Page
  /** What the app and its host wrote to the log. */
  log(): string
  /** Each line of the log with that event. */
  logged(event: string): Record<string, unknown>[]
  /** Answers native dialogs from now on with the button of that text, and keeps what they said. */
  answerDialogs(...buttons: readonly string[]): Promise<void>
  dialogs(): Promise<{ message: string; detail: string }[]>
  /** Resolves when the app is gone. */
  readonly closed: Promise<void>
  quit(): Promise<void>
}

/** As root Chromium has no sandbox. What it says of buses that are not there says nothing about us. */
const flags = [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-gpu', '--log-level=3']

export async function createDesktopUser(): Promise<DesktopUser> {
  oneAtATime(join(repository, 'dist', '.desktop-lock'), () =>
    execFileSync(process.execPath, ['scripts/build.mjs', 'runtime', 'panel', 'desktop'], { cwd: repository, stdio: 'pipe' }),
  )
  const home = mkdtempSync(join(tmpdir(), 'shoal-desktop-'))
  mkdirSync(join(home, 'panel'))
  const screen = await openScreen()
  const inherited = Object.fromEntries(
    ['PATH', 'LANG', 'TZ'].flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
  const env: Record<string, string> = {
    ...inherited,
    HOME: home,
    SHOAL_PANEL_HOME: join(home, 'panel'),
    SHOAL_NODE: runtimeNode(),
    DISPLAY: screen.display,
  }
  const running = new Set<ElectronApplication>()
  return {
    home,
    env,
    screen,
    async start(options = {}) {
      const electron = await launch(env, options)
      running.add(electron)
      electron.once('close', () => running.delete(electron))
      return appOf(electron, join(home, 'panel', 'state', 'desktop.log'))
    },
    async dispose() {
      for (const electron of running) electron.process().kill('SIGKILL')
      for (const pid of pidsWith(home)) killIfThere(pid)
      await screen.close()
      rmSync(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
    },
  }
}

/** What runs now and was started for this home: a cluster that a test has left behind, when it failed. */
const pidsWith = (home: string): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && commandLineOf(pid).includes(home))

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return '' // it ended meanwhile
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it ended meanwhile
  }
}

/** Playwright and Electron can wait for each other before a line of ours has run: once in some hundred starts, on a busy machine. */
async function launch(env: Record<string, string>, options: StartOptions, triesLeft = 2): Promise<ElectronApplication> {
  const { words = [], env: more = {}, executable } = options
  try {
    return await _electron.launch({
      executablePath: executable ?? electronBinary().executable,
      args: [...flags, ...(executable === undefined ? [repository] : []), ...words],
      env: { ...env, ...more },
      timeout: 20_000,
    })
  } catch (error) {
    if (triesLeft === 0 || !(error instanceof errors.TimeoutError)) throw error
    return launch(env, options, triesLeft - 1)
  }
}

async function appOf(electron: ElectronApplication, logFile: string): Promise<DesktopApp> {
  const closed = new Promise<void>((resolve) => electron.once('close', () => resolve()))
  const page = await electron.firstWindow()
  const log = () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '')
  return {
    electron,
    page,
    log,
    logged: (event) =>
      log()
        .split('\n')
        .filter((line) => line.includes(`"event":"${event}"`))
        .map((line) => JSON.parse(line) as Record<string, unknown>), // our own log
    answerDialogs: (...buttons) =>
      electron.evaluate(({ dialog }, wanted) => {
        const seen: { message: string; detail: string }[] = []
        Object.assign(globalThis, { seenDialogs: seen })
        dialog.showMessageBox = ((...args: unknown[]) => {
          const options = args.at(-1) as { message: string; detail: string; buttons: string[] } // the last one in both of its forms
          seen.push({ message: options.message, detail: options.detail })
          const button = wanted[seen.length - 1] ?? wanted.at(-1)
          return Promise.resolve({ response: options.buttons.indexOf(button ?? ''), checkboxChecked: false })
        }) as typeof dialog.showMessageBox // the system's own dialog, which no test can click
      }, buttons),
    dialogs: () => electron.evaluate(() => (globalThis as unknown as { seenDialogs: { message: string; detail: string }[] }).seenDialogs), // made above
    closed,
    async quit() {
      await electron.evaluate(({ app }) => app.quit()).catch(() => {}) // it may be gone before it answers
      await closed
    },
  }
}

/** Waits until a page has its connection to the panel. */
export const seeLive = (page: Page): Promise<void> =>
  see(page.getByRole('status').getByText('Live', { exact: true })).toBeVisible({ timeout: 20_000 })

/** Asks the desktop as the page does. @throws Error what it refused */
export const ask = <Ask extends DesktopAsk>(page: Page, name: Ask, input: AskInput<Ask>): Promise<AskOutput[Ask]> =>
  page.evaluate<AskOutput[Ask]>(`shoalDesktop.ask(${JSON.stringify(name)}, ${JSON.stringify(input)})`)

type Answer = { readonly ok: boolean; readonly output?: unknown; readonly error?: { readonly code: string; readonly message: string } }
let lastCall = 900_000_000

/** A call over the bridge, beside those of the page, which takes no notice of answers that it has not asked for. */
export const tryCall = (page: Page, method: string, input: object): Promise<Answer> =>
  page.evaluate<Answer>(`new Promise((resolve, reject) => {
    const { wire } = shoalDesktop
    const id = ${++lastCall}
    const offs = [
      wire.onMessage((text) => {
        const message = JSON.parse(text)
        if (message.id === id) end(() => resolve(message))
      }),
      wire.onState((state) => {
        if (state === 'lost') end(() => reject(new Error('the connection to the panel was lost')))
      }),
    ]
    const end = (settle) => {
      for (const off of offs) off()
      settle()
    }
    wire.send(JSON.stringify({ id, method: ${JSON.stringify(method)}, input: ${JSON.stringify(input)} }))
  })`)

/** @throws Error what the panel refused */
export async function call<M extends Method>(page: Page, method: M, input: GivenInput<M>): Promise<Output<M>> {
  const { ok, output, error } = await tryCall(page, method, input as object) // every input is one
  if (!ok) throw new Error(`${method}: ${error?.message}`)
  return output as Output<M> // of that very method
}

/** Gives a window the focus, as a click on it does; without a window manager that may take more than one try. */
export const focusOn = (app: DesktopApp): Promise<void> =>
  until('it has the focus', () =>
    app.electron.evaluate(({ BrowserWindow }) => {
      const [window] = BrowserWindow.getAllWindows()
      window?.focus()
      return window?.isFocused()
    }),
  )
