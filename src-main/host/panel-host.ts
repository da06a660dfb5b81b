import { ClusterError, isErrorCode } from '../../runtime/base/errors.ts'
import type { Logger } from '../../runtime/base/logger.ts'
import { type GivenInput, type Method, type Output, panel } from '../contract/panel.ts'
import { topics } from '../contract/topics.ts'
import { createServices } from '../services/create-services.ts'
import { openDataFolder } from '../storage/data-folder.ts'
import { removeEndpoint, writeEndpoint } from '../storage/endpoint.ts'
import { panelPaths } from '../storage/panel-paths.ts'
import { TopicHub } from '../topics/topic-hub.ts'
import { createDispatch, type Dispatch } from './dispatch.ts'
import { findInstallation } from './installation.ts'

export type PanelHostOptions = {
  /** @default that of this user on this computer */
  readonly folder?: string
  /** Where the archives for machines lie. @default that of this installation */
  readonly payloadFolder?: string
  readonly logger: Logger
  /** Keeps clusters connected and brings lost machines back; a single command does neither. @default false */
  readonly isWatching?: boolean
  /** Parses every output and event by its schema as well; for tests. @default false */
  readonly checkOutputs?: boolean
}

/** The panel without a skin. One process holds a data folder at a time. */
export type PanelHost = {
  readonly dispatch: Dispatch
  readonly hub: TopicHub<typeof topics>
  /** Of files that could not be read and were set aside. */
  readonly warnings: readonly string[]
  /** As a skin in this very process calls. @throws ClusterError what the call failed with */
  call<M extends Method>(method: M, input: GivenInput<M>, options?: { signal?: AbortSignal }): Promise<Output<M>>
  /** Leaves word of where this panel answers, for the command line; it goes with `close`. */
  announce(endpoint: { url: string; token: string }): Promise<void>
  close(): Promise<void>
  /** Gives up the folder and its word of where we are, and nothing else: the last thing of a process that cannot go on. */
  abandon(): void
}

const ourselves = { id: 'in-process', access: 'change' } as const

/** @throws ClusterError `storage.in-use` when another panel holds the folder; those of `openDataFolder` */
export async function openPanelHost(options: PanelHostOptions): Promise<PanelHost> {
  const { logger, checkOutputs = false, isWatching = false } = options
  const installation = findInstallation()
  const { payloadFolder = installation.payloadFolder } = options
  const data = await openDataFolder(options.folder ?? panelPaths().data)
  const hub = new TopicHub(topics, { logger, checkEvents: checkOutputs })
  let retract: (() => Promise<void>) | undefined
  try {
    const services = await createServices({
      ...{ data, hub, payloadFolder, samplesFolder: installation.samplesFolder },
      ...{ version: installation.version, logger, isWatching },
    })
    const dispatch = createDispatch(panel, services.handlers, { logger, checkOutputs })
    return {
      dispatch,
      hub,
      warnings: services.warnings,
      async call(method, input, { signal = new AbortController().signal } = {}) {
        const answer = await dispatch({ method, input, caller: ourselves, signal })
        if (!answer.ok) {
          const { code, message, details } = answer.error
          throw new ClusterError(isErrorCode(code) ? code : 'internal', message, { details })
        }
        return answer.output as Output<typeof method> // made by the handler of this very method
      },
      async announce(endpoint) {
        retract = await writeEndpoint(data, endpoint)
      },
      abandon() {
        if (retract) removeEndpoint(data.path) // else it is that of whoever has the folder now
        data.abandon()
      },
      async close() {
        await retract?.()
        retract = undefined
        await services.close()
        hub.close()
        await data.close()
      },
    }
  } catch (error) {
    hub.close()
    await data.close()
    throw error
  }
}
