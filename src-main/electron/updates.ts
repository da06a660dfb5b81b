import { app } from 'electron'
import { autoUpdater } from 'electron-updater'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { toError } from '../../runtime/base/errors.ts'
import type { Logger } from '../../runtime/base/logger.ts'

export type UpdatesIo = {
  /** Nothing is fetched meanwhile: a restart would break off what runs. */
  readonly isBusy: () => boolean
  /** A newer version lies ready. */
  readonly onReady: (version: string) => void
  readonly logger: Logger
}

export type LookOutcome = 'ready' | 'newest' | 'busy' | 'unreachable'

const everyMs = 6 * 3_600_000
const firstMs = 60_000

/**
 * Looks for a newer version now and then, without a word when there is none or nobody can be reached. Does nothing where the app is not
 * packaged, or its package names no feed. Installed at `restart`, or when the app ends by itself.
 */
export class Updates {
  readonly #io: UpdatesIo
  /** Whether there is a feed to look at. */
  readonly isOn: boolean
  readonly #timers: NodeJS.Timeout[] = []
  #ready: string | undefined

  constructor(io: UpdatesIo) {
    this.#io = io
    this.isOn = app.isPackaged && existsSync(join(process.resourcesPath, 'app-update.yml'))
    if (!this.isOn) return
    autoUpdater.autoDownload = false
    autoUpdater.autoInstallOnAppQuit = true
    autoUpdater.logger = null
    autoUpdater.on('error', (error) => io.logger.info('desktop.no-update', { reason: error.message.slice(0, 300) }))
    autoUpdater.on('update-downloaded', ({ version }) => {
      this.#ready = version
      io.onReady(version)
    })
    this.#timers.push(
      setTimeout(() => void this.look(), firstMs),
      setInterval(() => void this.look(), everyMs),
    )
  }

  get ready(): string | undefined {
    return this.#ready
  }

  /** Looks now, and fetches what is newer. */
  async look(): Promise<LookOutcome> {
    if (this.#ready !== undefined) return 'ready'
    if (this.#io.isBusy()) return 'busy'
    try {
      const found = await autoUpdater.checkForUpdates()
      if (found?.isUpdateAvailable !== true) return 'newest'
      if (this.#io.isBusy()) return 'busy'
      await autoUpdater.downloadUpdate()
      return 'ready'
    } catch (error) {
      this.#io.logger.info('desktop.no-update', { reason: toError(error).message.slice(0, 300) }) // offline, mostly
      return 'unreachable'
    }
  }

  /** Ends the app and starts the new version; nothing without one. */
  restart(): void {
    if (this.#ready !== undefined) autoUpdater.quitAndInstall()
  }

  end(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }
}
