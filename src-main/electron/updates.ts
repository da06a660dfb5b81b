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

const everyMs = 6 * 3_600_000
const firstMs = 60_000

/**
 * Looks for a newer version now and then, without a word when there is none or nobody can be reached. Does nothing where the app is not
 * packaged, or its package names no feed. Installed at `restart`, or when the app ends by itself.
 */
export class Updates {
  readonly #io: UpdatesIo
  readonly #timers: NodeJS.Timeout[] = []
  #ready: string | undefined

  constructor(io: UpdatesIo) {
    this.#io = io
    if (!app.isPackaged || !existsSync(join(process.resourcesPath, 'app-update.yml'))) return
    autoUpdater.autoDownload = false
    autoUpdater.autoInstallOnAppQuit = true
    autoUpdater.logger = null
    autoUpdater.on('error', (error) => io.logger.info('desktop.no-update', { reason: error.message.slice(0, 300) }))
    autoUpdater.on('update-downloaded', ({ version }) => {
      this.#ready = version
      io.onReady(version)
    })
    this.#timers.push(
      setTimeout(() => void this.#look(), firstMs),
      setInterval(() => void this.#look(), everyMs),
    )
  }

  get ready(): string | undefined {
    return this.#ready
  }

  /** Ends the app and starts the new version; nothing without one. */
  restart(): void {
    if (this.#ready !== undefined) autoUpdater.quitAndInstall()
  }

  end(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }

  async #look(): Promise<void> {
    if (this.#ready !== undefined || this.#io.isBusy()) return
    try {
      const found = await autoUpdater.checkForUpdates()
      if (found?.isUpdateAvailable === true && !this.#io.isBusy()) await autoUpdater.downloadUpdate()
    } catch (error) {
      this.#io.logger.info('desktop.no-update', { reason: toError(error).message.slice(0, 300) }) // offline, mostly
    }
  }
}
