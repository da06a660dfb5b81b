import { createLogger } from '../../runtime/base/logger.ts'
import { endOnCrash } from '../host/end-on-crash.ts'
import { findInstallation } from '../host/installation.ts'
import { openPanelHost } from '../host/panel-host.ts'
import { findRunningPanel } from '../host/running-panel.ts'
import { readTokenOf } from '../web/sessions.ts'
import { startWebServer } from '../web/web-server.ts'

/** Of a panel that runs already, in another process of this user. */
export async function findServedPanel(): Promise<(PanelAddress & { pid: number }) | undefined> {
  const running = await findRunningPanel()
  if (!running) return undefined
  const { url, token, pid } = running
  return { url, urlWithToken: `${url}/#token=${token}`, readToken: readTokenOf(token), pid }
}

/** `readToken`: for programs that may only look. */
export type PanelAddress = { readonly url: string; readonly urlWithToken: string; readonly readToken: string }
type ServedPanel = PanelAddress & { close(): Promise<void> }

/** Opens the panel's host and serves it on loopback, where commands of this user find it too. @throws ClusterError `storage.in-use` */
export async function servePanel(port: number): Promise<ServedPanel> {
  const logger = createLogger('panel', (line) => void process.stderr.write(line), { level: process.env['SHOAL_DEBUG'] ? 'debug' : 'warn' })
  const host = await openPanelHost({ logger, isWatching: true })
  const endsAsUsual = endOnCrash({ logger, letGo: () => host.abandon() })
  for (const warning of host.warnings) logger.warn('panel.file-set-aside', { reason: warning })
  try {
    const { pageFolder: assets } = findInstallation()
    const { dispatch, hub } = host
    const server = await startWebServer({ host: '127.0.0.1', port, dispatch, hub, logger, ...(assets !== undefined && { assets }) })
    await host.announce({ url: server.url, token: server.token })
    const { url, urlWithToken, readToken } = server
    const close = async () => {
      await server.close()
      await host.close()
      endsAsUsual()
    }
    return { url, urlWithToken, readToken, close }
  } catch (error) {
    await host.close()
    endsAsUsual()
    throw error
  }
}
