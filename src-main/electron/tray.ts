import { Menu, nativeImage, Tray } from 'electron'
import { join } from 'node:path'
import type { WatchView } from './panel-watch.ts'
import { clusterLine, trayTip } from './tray-text.ts'
import type { Words } from './words.ts'

export type TrayIo = {
  readonly icons: string
  readonly words: () => Words
  readonly show: (path?: string) => void
  readonly quit: () => void
}

/** The icon beside the clock: how clusters stand, in its menu and where the pointer rests. */
export class PanelTray {
  readonly #io: TrayIo
  readonly #tray: Tray

  /** @throws Error where the desktop has no place for it */
  constructor(io: TrayIo) {
    this.#io = io
    const image = nativeImage.createFromPath(join(io.icons, process.platform === 'darwin' ? 'trayTemplate.png' : 'tray.png'))
    this.#tray = new Tray(image)
    this.#tray.on('click', () => io.show())
    this.update({ clusters: [], operations: [] })
  }

  update(view: WatchView): void {
    const words = this.#io.words()
    this.#tray.setToolTip(trayTip(view, words))
    const clusters = view.clusters.slice(0, 20).map(({ id, ...cluster }) => ({
      label: clusterLine(cluster, words),
      click: () => this.#io.show(`/c/${id}/overview`),
    }))
    this.#tray.setContextMenu(
      Menu.buildFromTemplate([
        { label: words.show, click: () => this.#io.show() },
        { type: 'separator' },
        ...(clusters.length > 0 ? clusters : [{ label: words.noClusters, enabled: false }]),
        ...(view.operations.length > 0
          ? [{ label: words.runningOperations(view.operations.length), click: () => this.#io.show('/operations') }]
          : []),
        { type: 'separator' },
        { label: words.quit, click: () => this.#io.quit() },
      ]),
    )
  }
}
