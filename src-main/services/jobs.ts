import { join } from 'node:path'
import { ClusterError } from '../../runtime/base/errors.ts'
import { type Capabilities, can } from '../cluster/capabilities.ts'
import type { ClusterCalls } from '../cluster/cluster-calls.ts'
import type { JobFolder, JobPlan, JobSpec } from '../contract/jobs.ts'
import { countBefore, readFitNodes } from './cluster-nodes.ts'
import { findEntryFile } from './entry-file.ts'
import { bringFolder, findFolder, type FolderContent, readContent } from './job-packages.ts'
import { commandLineOf, excludesOf, parseRequest, problemsOf, requestOf, withoutEmpty } from './job-request.ts'
import { judgeCluster, judgeNodes, wantedBy } from './node-fit.ts'
import { whyPackagesStayOf } from '../../runtime/packing/packages-stay.ts'
import { maxPackageBytes } from '../../runtime/api/packages.ts'
import { tooLarge, type Uploads } from './uploads.ts'

export type JobsIo = {
  readonly callsOf: (clusterId: string) => ClusterCalls
  /** @throws ClusterError `head.unavailable` */
  readonly capabilitiesOf: (clusterId: string) => Capabilities
  readonly uploads: Uploads
  /** Ours alone, for archives on their way. */
  readonly archiveFolder: string
  readonly randomHex: (digits: number) => string
}

/** Stands for a package that is not there yet. */
const somePackage = 'gcs://_ray_pkg_0000000000000000.zip'
const listedNodes = 1_000

/** Submits jobs with what they need from this computer, and says before what would become of them. */
export class Jobs {
  readonly #io: JobsIo

  constructor(io: JobsIo) {
    this.#io = io
  }

  /** Resolves with the job's id. @throws ClusterError as `jobs.submit` of the contract */
  async submit(clusterId: string, given: JobSpec, signal: AbortSignal): Promise<string> {
    const spec = withoutEmpty(given)
    const { folder } = spec
    const calls = this.#io.callsOf(clusterId)
    const send = async (workingDir: string | undefined) => {
      const request = parseRequest(requestOf(spec, workingDir))
      const { submission_id: id } =
        request.priority === undefined ? await calls.call('submitJob', { json: request, signal }) : await calls.submitJob(request)
      return id
    }
    if (folder === undefined || folder.kind === 'uri') return send(folder?.uri)
    parseRequest(requestOf(spec, somePackage)) // before anything is packed for it
    if (calls.source === 'record') await calls.submitJob({ entrypoint: spec.entrypoint }) // which says that it cannot
    return this.#submitWith(calls, { spec, folder, send }, signal)
  }

  async #submitWith(
    calls: ClusterCalls,
    {
      spec,
      folder: given,
      send,
    }: { spec: JobSpec; folder: Exclude<JobFolder, { kind: 'uri' }>; send: (workingDir: string) => Promise<string> },
    signal: AbortSignal,
  ): Promise<string> {
    const { uploads, archiveFolder, randomHex } = this.#io
    const { folder, name } = await this.#locate(given)
    const archive = join(archiveFolder, `${randomHex(16)}.zip`)
    const using = { uploadId: given.uploadId, name, isReceived: given.kind === 'upload' }
    return uploads.during(using, signal, async (progress, either) => {
      const address = await bringFolder(calls, { folder, name, excludes: excludesOf(spec), archive, progress, signal: either })
      either.throwIfAborted()
      return send(address)
    })
  }

  /** What would become of it. @throws ClusterError `head.unavailable` */
  async plan(clusterId: string, given: JobSpec, signal: AbortSignal): Promise<JobPlan> {
    const spec = withoutEmpty(given)
    const calls = this.#io.callsOf(clusterId)
    const capabilities = this.#io.capabilitiesOf(clusterId)
    const { priority = 0, folder } = spec
    const [nodes, waitsBehind, content] = await Promise.all([
      readFitNodes(calls, signal),
      countBefore(calls, { priority, hasPriorities: can(capabilities, 'priorities'), signal }),
      this.#contentOf(spec, signal),
    ])
    const wanted = wantedBy(spec)
    const verdicts = judgeNodes(nodes, wanted)
    const request = requestOf(spec, workingDirOf(folder))
    const hasPriority = spec.priority === undefined || can(capabilities, 'priorities')
    return {
      ...judgeCluster(verdicts, new Map(nodes.map((node) => [node.nodeId, node])), wanted),
      nodes: verdicts.slice(0, listedNodes),
      nodesLeftOut: Math.max(0, verdicts.length - listedNodes),
      waitsBehind,
      package: content.package,
      commandLine: commandLineOf(request, { engine: capabilities.engine, folder: content.shownFolder }),
      problems: [...problemsOf(request), ...content.problems, ...(hasPriority ? [] : [capabilities.missing.priorities ?? ''])].slice(0, 64),
      warnings: content.warnings,
    }
  }

  async #contentOf(spec: JobSpec, signal: AbortSignal): Promise<Content> {
    const { folder: given, entrypoint } = spec
    if (given === undefined || given.kind === 'uri') return { ...nothing, problems: [], shownFolder: undefined }
    let shownFolder = given.kind === 'folder' ? given.path : './FOLDER'
    try {
      const { folder, name } = await this.#locate(given)
      shownFolder = given.kind === 'folder' ? folder : `./${name}`
      const content = await readContent(folder, excludesOf(spec), signal)
      const { files, bytes, largest, ignored } = content
      const problems = [...missingFile(entrypoint, content), ...(bytes > maxPackageBytes ? [tooLarge(folder, bytes).message] : [])]
      const stay = given.kind === 'folder' ? whyPackagesStayOf(folder, () => hasPackages(content)) : undefined
      return { package: { files, bytes, largest, ignored }, problems, warnings: stay === undefined ? [] : [stay], shownFolder }
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error
      return { ...nothing, problems: [error.message], shownFolder }
    }
  }

  async #locate(given: Exclude<JobFolder, { kind: 'uri' }>): Promise<{ folder: string; name: string }> {
    if (given.kind === 'upload') return this.#io.uploads.folderOf(given.uploadId)
    const folder = await findFolder(given.path)
    return { folder, name: folder }
  }
}

type Content = Pick<JobPlan, 'package' | 'problems' | 'warnings'> & { readonly shownFolder: string | undefined }
const nothing = { package: null, warnings: [] }

function hasPackages({ paths }: FolderContent): boolean {
  for (const path of paths) if (path.startsWith('node_modules/')) return true
  return false
}

const workingDirOf = (folder: JobFolder | undefined): string | undefined =>
  folder === undefined ? undefined : folder.kind === 'uri' ? folder.uri : somePackage

function missingFile(entrypoint: string, { paths }: FolderContent): string[] {
  const file = findEntryFile(entrypoint)
  if (file === undefined || paths.has(file)) return []
  return [`${file} is not among the files of the folder; check its name, and that no .gitignore, .rayignore or excludes leaves it out`]
}
