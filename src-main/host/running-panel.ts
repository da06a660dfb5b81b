import { type Endpoint, readEndpoint } from '../storage/endpoint.ts'
import { panelPaths } from '../storage/panel-paths.ts'

/** The panel of this user that runs now in another process, if one does. */
export const findRunningPanel = (folder: string = panelPaths().data): Promise<Endpoint | undefined> => readEndpoint(folder)
