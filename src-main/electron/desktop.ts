import { app, Menu, nativeTheme, session, shell } from 'electron'
import { join } from 'node:path'
import { ClusterError, toError } from '../../runtime/base/errors.ts'
import { createLogger, type Logger } from '../../runtime/base/logger.ts'
import { askAboutHost, askAboutPage, mayQuit, openInBrowser, pickFolder, say } from './dialogs.ts'
import type { DesktopFiles } from './desktop-files.ts'
import { HostProcess, type HostState } from './host-process.ts'
import { type AskHandlers, serveIpc } from './ipc.ts'
import { createLogFile } from './log-file.ts'
import { type MenuActions, menuTemplate } from './menu.ts'
import { Notices } from './notices.ts'
import { guardAllContents, guardSession } from './page-guard.ts'
import { pathOf, servePage } from './page-scheme.ts'
import { PanelWatch } from './panel-watch.ts'
import type { Places } from './places.ts'
import { PanelTray } from './tray.ts'
import { Updates } from './updates.ts'
import { KeptPassphrase } from './vault-memory.ts'
import { type BrokenPage, type ShellWindow, Windows } from './windows.ts'

/** The app: windows over one panel's host, and what a desktop has besides windows. */
export class Desktop {
  readonly #files: DesktopFiles
  readonly #logger: Logger
  readonly #host: HostProcess
  readonly #watch: PanelWatch
  readonly #windows: Windows
  readonly #notices: Notices
  readonly #updates: Updates
  readonly #passphrase: KeptPassphrase
  readonly #places: Places
  #tray: PanelTray | undefined
  #isQuitting = false

  constructor(places: Places, files: DesktopFiles) {
    this.#places = places
    this.#files = files
    const write = createLogFile(places.log)
    this.#logger = createLogger('desktop', write, { level: process.env['SHOAL_DEBUG'] ? 'debug' : 'info' })
    const logger = this.#logger
    this.#host = new HostProcess({
      node: places.node,
      program: places.program,
      env: hostEnvironment(),
      onState: (state) => this.#hostChanged(state),
      onLog: write,
      logger,
    })
    this.#windows = new Windows({
      places,
      endpoint: () => (this.#host.state.kind === 'ready' ? this.#host.state.endpoint : undefined),
      zoomLevel: () => files.state.zoomLevel,
      onChanged: () => this.#rememberWindows(),
      onBroken: (window, what) => void this.#pageBroke(window, what),
    })
    this.#notices = new Notices({
      words: () => files.words,
      preferences: () => files.preferences.data,
      clusterName: (clusterId) => this.#watch.view.clusters.find(({ id }) => id === clusterId)?.name ?? clusterId,
      isLookedAt: (pages) => this.#windows.isLookedAt((path) => pages.includes(path.split('?')[0] ?? '')),
      show: (path) => this.#windows.show(path),
      nowMs: () => Date.now(),
    })
    this.#watch = new PanelWatch({
      settings: () => files.preferences.data,
      onView: (view) => this.#tray?.update(view),
      onNotices: (notices) => this.#notices.tell(notices),
      onLost: () => this.#host.findAgain(),
      nowMs: () => Date.now(),
      logger,
    })
    this.#passphrase = new KeptPassphrase(join(places.data, 'vault-passphrase'), logger)
    this.#updates = new Updates({
      isBusy: () => this.#watch.view.operations.length > 0,
      onReady: (version) => {
        this.#setMenu()
        this.#windows.announce({ update: { version } })
      },
      logger,
    })
  }

  /** Opens the windows that were open before, or one at the page of a link. */
  start(link: string | undefined): void {
    const { defaultSession } = session
    servePage(defaultSession, this.#places.page)
    guardSession(defaultSession)
    guardAllContents({
      onOwnWindow: (path) => void this.#windows.open(path),
      onExternal: (url) => void openInBrowser(url, this.#files.words),
    })
    nativeTheme.themeSource = this.#files.state.theme
    serveIpc({ windows: this.#windows, handlers: this.#askHandlers(), logger: this.#logger })
    for (const warning of this.#files.warnings) this.#logger.warn('desktop.file-set-aside', { reason: warning })
    this.#host.start()
    this.#setMenu()
    this.#openTray()
    const saved = this.#files.state.windows
    for (const each of saved) this.#windows.open(each.path, each)
    if (link !== undefined || saved.length === 0) this.#windows.show(link)
  }

  /** Another start, a link, a click on the icon in the dock. */
  show(path?: string): void {
    this.#windows.show(path)
  }

  /** What happens when the last window was closed. */
  lastWindowClosed(): void {
    const stays = process.platform === 'darwin' || (this.#files.preferences.data.staysInTray && this.#tray !== undefined)
    if (!stays) app.quit()
  }

  /** Before windows are closed to quit: false when a person should be asked first, who is. */
  beginQuit(): boolean {
    const running = this.#host.state.kind === 'ready' && this.#host.state.isOurs ? this.#watch.view.operations : []
    if (this.#isQuitting || running.length === 0) {
      this.#isQuitting = true
      return true
    }
    const titles = running.map(({ title }) => title)
    void mayQuit(titles, this.#files.words).then((may) => (may ? this.quitNow() : undefined))
    return false
  }

  /** Asks nobody. */
  quitNow(): void {
    this.#isQuitting = true
    app.quit()
  }

  /** Resolves when the host has ended and all is written. */
  async end(): Promise<void> {
    this.#updates.end()
    this.#watch.end()
    await Promise.all([this.#files.save(), this.#host.end()])
  }

  #hostChanged(state: HostState): void {
    this.#logger.info('desktop.host', { state: state.kind })
    if (state.kind === 'failed') return void this.#hostFailed(state)
    if (state.kind !== 'ready') return
    this.#watch.connect(state.endpoint)
    this.#windows.reconnect()
    const { client } = this.#watch
    if (client)
      this.#passphrase
        .openVault(client)
        .catch((error: unknown) => this.#logger.warn('desktop.vault-stays-shut', { reason: toError(error).message }))
  }

  async #hostFailed({ end }: Extract<HostState, { kind: 'failed' }>): Promise<void> {
    this.#logger.error('desktop.host-failed', { what: end.what })
    if ((await askAboutHost(end, this.#files.words)) === 'restart') this.#host.start()
    else this.quitNow()
  }

  async #pageBroke(window: ShellWindow, what: BrokenPage): Promise<void> {
    this.#logger.error('desktop.page-broke', what)
    const { browser } = window
    const answer = await askAboutPage(browser, what, this.#files.words)
    if (browser.isDestroyed()) return
    if (answer === 'close') browser.destroy()
    if (answer !== 'reload') return
    if (what.kind === 'hangs') browser.webContents.forcefullyCrashRenderer() // it would not even load again
    browser.webContents.reload()
  }

  #rememberWindows(): void {
    const windows = this.#windows.states()
    if (!this.#isQuitting && windows.length > 0) this.#files.change({ windows }) // those that were there at the end, not what is left of them
  }

  #openTray(): void {
    try {
      this.#tray = new PanelTray({
        icons: this.#places.icons,
        words: () => this.#files.words,
        show: (path) => this.#windows.show(path),
        quit: () => app.quit(),
      })
    } catch (error) {
      this.#logger.info('desktop.no-tray', { reason: toError(error).message }) // not every desktop has one
    }
  }

  #setMenu(): void {
    const template = menuTemplate(
      {
        words: this.#files.words,
        isMac: process.platform === 'darwin',
        theme: this.#files.state.theme,
        hasDeveloperTools: !app.isPackaged || Boolean(process.env['SHOAL_DEBUG']),
        hasUpdates: this.#updates.isOn,
        update: this.#updates.ready,
      },
      this.#menuActions(),
    )
    Menu.setApplicationMenu(Menu.buildFromTemplate(template))
  }

  #menuActions(): MenuActions {
    const contents = () => this.#windows.latest?.browser.webContents
    const command: MenuActions['command'] = (order) => this.#windows.command(this.#windows.latest ?? this.#windows.open(), order)
    return {
      command,
      goInCluster: (page) => command({ go: this.#clusterPath(page) }),
      newWindow: () => void this.#windows.open(),
      reload: () => contents()?.reload(),
      history: (step) => (step < 0 ? contents()?.navigationHistory.goBack() : contents()?.navigationHistory.goForward()),
      zoom: (step) => this.#zoom(step),
      showLog: () => shell.showItemInFolder(this.#places.log),
      lookForUpdate: () => void this.#lookForUpdate(),
      restartToUpdate: () => this.#updates.restart(),
      quit: () => app.quit(),
    }
  }

  async #lookForUpdate(): Promise<void> {
    const outcome = await this.#updates.look()
    if (outcome !== 'ready') await say(this.#files.words[`update.${outcome}`], this.#files.words) // what is ready shows itself
  }

  /** Of the cluster that the latest window shows, else the first one there is. */
  #clusterPath(page: string): string {
    const path = pathOf(this.#windows.latest?.browser.webContents.getURL() ?? '') ?? '/'
    const cluster = /^\/c\/([^/?]+)/.exec(path)?.[1] ?? this.#watch.view.clusters[0]?.id
    return cluster === undefined ? '/' : `/c/${cluster}/${page}`
  }

  #zoom(step: -1 | 0 | 1): void {
    const zoomLevel = step === 0 ? 0 : Math.min(6, Math.max(-4, this.#files.state.zoomLevel + step / 2))
    this.#files.change({ zoomLevel })
    this.#windows.setZoom(zoomLevel)
  }

  #askHandlers(): AskHandlers {
    const { preferences } = this.#files
    return {
      openExternal: ({ url }, { browser }) => openInBrowser(url, this.#files.words, browser),
      pickFolder: (_input, { browser }) => pickFolder(browser, this.#files.words),
      setAppearance: ({ theme, language }) => {
        const { state } = this.#files
        if (state.theme === theme && state.language === language) return null
        this.#files.change({ theme, language })
        nativeTheme.themeSource = theme
        this.#setMenu()
        this.#tray?.update(this.#watch.view)
        return null
      },
      preferences: () => preferences.data,
      changePreferences: (part) => preferences.update((before) => ({ ...before, ...withoutGaps(part) })),
      vaultMemory: () => this.#passphrase.status(),
      rememberVault: ({ passphrase }) => this.#passphrase.remember(this.#client(), passphrase),
      forgetVault: () => this.#passphrase.forget(),
      newWindow: ({ path }) => {
        this.#windows.open(path)
        return null
      },
      restartToUpdate: () => {
        this.#updates.restart()
        return null
      },
    }
  }

  #client() {
    const { client } = this.#watch
    if (client) return client
    throw new ClusterError('link.closed', 'the panel’s host does not run now; try again in a moment')
  }
}

/** What Electron or a package of it put into our environment is not for another program. */
function hostEnvironment(): NodeJS.ProcessEnv {
  const ours = /^(ELECTRON_|CHROME_|NODE_OPTIONS$|APPIMAGE$|APPDIR$)/
  const isOurs = (name: string, value: string | undefined) =>
    ours.test(name) || (name === 'DBUS_SESSION_BUS_ADDRESS' && value === 'disabled:') // that is how Chromium notes that there is no bus
  return Object.fromEntries(Object.entries(process.env).filter(([name, value]) => !isOurs(name, value)))
}

type Gapless<Value extends object> = { [Name in keyof Value]?: Exclude<Value[Name], undefined> }

/** Without what is given as undefined, which would take the place of what is there. */
const withoutGaps = <Value extends object>(value: Value): Gapless<Value> =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Gapless<Value> // the same names, some left out
