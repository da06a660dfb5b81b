import { app, BrowserWindow, nativeTheme, screen, type WebContents } from 'electron'
import { join } from 'node:path'
import type { DesktopCommand } from '../contract/desktop-bridge.ts'
import { channels } from './channels.ts'
import type { Endpoint } from './host-process.ts'
import { PanelRelay } from './panel-relay.ts'
import { pageUrl, pathOf } from './page-scheme.ts'
import type { Places } from './places.ts'
import { maxWindows, placeWindow, smallest, type WindowState } from './window-state.ts'

export type WindowsIo = {
  readonly places: Places
  readonly endpoint: () => Endpoint | undefined
  readonly zoomLevel: () => number
  /** A person moved, zoomed, opened or closed something. */
  readonly onChanged: () => void
  /** Its page crashed or hangs. */
  readonly onBroken: (window: ShellWindow, what: BrokenPage) => void
}

export type BrokenPage = { readonly kind: 'gone'; readonly reason: string } | { readonly kind: 'hangs' }
export type ShellWindow = { readonly browser: BrowserWindow; readonly relay: PanelRelay }

/** What shows before the page does. */
const backgrounds = { dark: '#0f1417', light: '#ffffff' } as const

/** The windows of the panel, each with a connection of its own. */
export class Windows {
  readonly #io: WindowsIo
  /** The one that was used last comes last. */
  #all: ShellWindow[] = []

  constructor(io: WindowsIo) {
    this.#io = io
  }

  get all(): readonly ShellWindow[] {
    return this.#all
  }

  /** The one that has the focus, or had it last. */
  get latest(): ShellWindow | undefined {
    return this.#all.at(-1)
  }

  /** Whose page that is; undefined for whatever else may be there. */
  of(contents: WebContents): ShellWindow | undefined {
    return this.#all.find(({ browser }) => !browser.isDestroyed() && browser.webContents === contents)
  }

  /** A new window; with as many as there may be, the latest one goes there instead. */
  open(path = '/', saved?: WindowState): ShellWindow {
    const latest = this.latest
    if (this.#all.length >= maxWindows && latest !== undefined) {
      this.command(latest, { go: path })
      return latest
    }
    const browser = new BrowserWindow(this.#optionsOf(saved))
    const relay = new PanelRelay({
      endpoint: this.#io.endpoint,
      onMessage: (text) => this.#tell(browser, channels.wireMessage, text),
      onState: (state) => this.#tell(browser, channels.wireState, state),
    })
    const window: ShellWindow = { browser, relay }
    this.#all.push(window)
    this.#watch(window)
    if (saved?.isMaximised === true) browser.maximize()
    void browser.loadURL(pageUrl(path)).catch(() => {}) // `did-fail-load` tells, and a window may be closed while it loads
    return window
  }

  /** Brings the panel before the person, at a page where one is given. */
  show(path?: string): void {
    const latest = this.latest
    if (latest === undefined) return void this.open(path)
    if (path !== undefined) this.command(latest, { go: path })
    if (latest.browser.isMinimized()) latest.browser.restore()
    latest.browser.show()
    latest.browser.focus()
  }

  command({ browser }: ShellWindow, command: DesktopCommand): void {
    this.#tell(browser, channels.command, command)
  }

  /** To all of them. */
  announce(command: DesktopCommand): void {
    for (const window of this.#all) this.command(window, command)
  }

  /** The panel answers, or answers elsewhere. */
  reconnect(): void {
    for (const { relay } of this.#all) relay.retry()
  }

  /** Whether somebody looks at a page for which this holds. */
  isLookedAt(holds: (path: string) => boolean): boolean {
    return this.#all.some(({ browser }) => browser.isFocused() && holds(pathOf(browser.webContents.getURL()) ?? ''))
  }

  states(): WindowState[] {
    return this.#all.map(({ browser }) => ({
      bounds: browser.getNormalBounds(),
      isMaximised: browser.isMaximized(),
      path: pathOf(browser.webContents.getURL()) ?? '/',
    }))
  }

  setZoom(level: number): void {
    for (const { browser } of this.#all) browser.webContents.setZoomLevel(level)
  }

  #tell(browser: BrowserWindow, channel: string, value: unknown): void {
    if (!browser.isDestroyed() && !browser.webContents.isDestroyed()) browser.webContents.send(channel, value)
  }

  #optionsOf(saved: WindowState | undefined) {
    const { places } = this.#io
    const main = screen.getPrimaryDisplay()
    const areas = [main, ...screen.getAllDisplays().filter(({ id }) => id !== main.id)].map(({ workArea }) => workArea)
    return {
      ...placeWindow(saved?.bounds, areas, this.#all.length),
      minWidth: smallest.width,
      minHeight: smallest.height,
      title: 'Shoal',
      show: false,
      backgroundColor: backgrounds[nativeTheme.shouldUseDarkColors ? 'dark' : 'light'],
      ...(process.platform === 'linux' && { icon: join(places.icons, 'app.png') }), // elsewhere it is in the app itself
      webPreferences: {
        preload: places.preload,
        additionalArguments: [`--shoal-version=${app.getVersion()}`],
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        nodeIntegrationInSubFrames: false,
        nodeIntegrationInWorker: false,
        webSecurity: true,
        webviewTag: false,
        navigateOnDragDrop: false,
        spellcheck: false, // it would fetch its dictionaries
        zoomFactor: 1.2 ** this.#io.zoomLevel(),
        devTools: !app.isPackaged || Boolean(process.env['SHOAL_DEBUG']),
      },
    }
  }

  #watch(window: ShellWindow): void {
    const { browser, relay } = window
    const { onChanged, onBroken } = this.#io
    browser.once('ready-to-show', () => browser.show())
    browser.on('focus', () => {
      this.#all = [...this.#all.filter((each) => each !== window), window]
    })
    for (const event of ['resize', 'move', 'maximize', 'unmaximize'] as const) browser.on(event as 'resize', onChanged) // one signature for all of them
    browser.once('closed', () => {
      relay.close()
      this.#all = this.#all.filter((each) => each !== window)
      onChanged()
    })
    const { webContents } = browser
    webContents.on('did-start-navigation', ({ isMainFrame, isSameDocument }) => {
      if (isMainFrame && !isSameDocument) relay.close() // that page is gone; the next one opens it again
    })
    webContents.on('did-navigate-in-page', onChanged)
    webContents.on('did-finish-load', () => webContents.setZoomLevel(this.#io.zoomLevel()))
    webContents.on('render-process-gone', (_event, { reason }) => {
      relay.close()
      if (reason !== 'clean-exit') onBroken(window, { kind: 'gone', reason })
    })
    webContents.on('unresponsive', () => onBroken(window, { kind: 'hangs' }))
  }
}
