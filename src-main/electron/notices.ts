import { Notification } from 'electron'
import type { DesktopPreferences } from '../contract/desktop-bridge.ts'
import type { Notice } from './core/news.ts'
import { admitNotices, createNoticeRate, type Shown } from './core/notice-rate.ts'
import { bodyOf, pageOf, titleOf } from './notice-text.ts'
import type { Words } from './words.ts'

export type NoticesIo = {
  readonly words: () => Words
  readonly preferences: () => DesktopPreferences
  /** What a cluster is called; its id where nobody knows. */
  readonly clusterName: (clusterId: string) => string
  /** Whether somebody looks at that page now; it may name the cluster by its id or by its name. */
  readonly isLookedAt: (pages: readonly string[]) => boolean
  readonly show: (path?: string) => void
  readonly nowMs: () => number
}

const wanted: Readonly<Record<Notice['kind'], 'notifyJobs' | 'notifyNodes' | 'notifyOperations'>> = {
  'job-succeeded': 'notifyJobs',
  'job-failed': 'notifyJobs',
  'job-stopped': 'notifyJobs',
  'job-stalled': 'notifyJobs',
  'node-died': 'notifyNodes',
  'operation-done': 'notifyOperations',
  'operation-failed': 'notifyOperations',
}
const keptAlive = 20

/** Tells a person through the system what happened while they looked elsewhere; a click leads to it. */
export class Notices {
  readonly #io: NoticesIo
  readonly #rate = createNoticeRate()
  /** A notice that nothing holds any more does nothing when it is clicked. */
  #shown: Notification[] = []

  constructor(io: NoticesIo) {
    this.#io = io
  }

  tell(notices: readonly Notice[]): void {
    const { preferences, isLookedAt, clusterName, nowMs } = this.#io
    const chosen = preferences()
    const news = notices.filter((notice) => {
      const ofId = pageOf(notice)
      const ofName = pageOf(notice.clusterId === null ? notice : { ...notice, clusterId: clusterName(notice.clusterId) })
      return chosen[wanted[notice.kind]] && !isLookedAt([ofId, ofName])
    })
    for (const shown of admitNotices(this.#rate, news, nowMs())) this.#show(shown)
  }

  #show(shown: Shown): void {
    if (!Notification.isSupported()) return
    const words = this.#io.words()
    const isOne = shown.kind === 'one'
    const clusterId = isOne ? shown.notice.clusterId : null
    const options = isOne
      ? {
          title: titleOf(shown.notice, words, this.#io.nowMs()),
          body: bodyOf(shown.notice, clusterId === null ? '' : this.#io.clusterName(clusterId)),
        }
      : { title: words['notice.more'](shown.count), body: words['notice.moreText'] }
    const notification = new Notification(options)
    notification.on('click', () => this.#io.show(isOne ? pageOf(shown.notice) : undefined))
    notification.show()
    this.#shown = [...this.#shown, notification].slice(-keptAlive)
  }
}
