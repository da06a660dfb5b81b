import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isTerminalStatus } from '../../runtime/api/jobs.ts'
import { ClusterError, toError } from '../../runtime/base/errors.ts'
import { hashFolder, packFolder } from '../../runtime/packing/pack-folder.ts'
import type { ClusterCalls } from '../cluster/cluster-calls.ts'
import type { Output } from '../contract/panel.ts'
import type { ClusterLinks } from './cluster-links.ts'

export type SamplesIo = {
  readonly links: Pick<ClusterLinks, 'connect' | 'steadyCallsOf'>
  /** Where the programs lie on this computer; each is a job. */
  readonly folder: string
  readonly randomHex: (digits: number) => string
}

type Order = { readonly signal: AbortSignal; say?(text: string): void }
type Submitted = Output<'clusters.submitSamples'>['jobs'][number]

/** A head that was just started may not answer yet. */
const headWithinMs = 20_000

/** The sample jobs, with which there is something to see on every screen. */
export class Samples {
  readonly #io: SamplesIo

  constructor(io: SamplesIo) {
    this.#io = io
  }

  /** Submits those of which no job runs or waits. Resolves when all are submitted. @throws ClusterError `head.unavailable`, `not-found` */
  async submit(clusterId: string, { signal, say }: Order): Promise<Submitted[]> {
    const { links, folder, randomHex } = this.#io
    await links.connect(clusterId, signal)
    const calls = await links.steadyCallsOf(clusterId, AbortSignal.any([signal, AbortSignal.timeout(headWithinMs)]))
    if (calls.source !== 'live')
      throw new ClusterError('head.unavailable', 'the head does not answer, so no job can be submitted; see how its link stands, and retry')
    const samples = await listPrograms(folder)
    const workingDir = await upload(calls, folder, signal)
    const jobs = await calls.call('listJobs', { signal })
    const submitted: Submitted[] = []
    for (const sample of samples) {
      const running = jobs.find(({ metadata, status }) => metadata?.['sample'] === sample && !isTerminalStatus(status))
      const job = running?.submission_id ?? `sample-${sample}-${randomHex(6)}`
      if (!running) {
        const request = { entrypoint: `node ${sample}.ts`, submission_id: job, runtime_env: { working_dir: workingDir } }
        await calls.submitJob({ ...request, metadata: { sample } })
      }
      say?.(`${job} ${running ? 'runs already' : 'submitted'}\n`)
      submitted.push({ sample, job, isNew: !running })
    }
    return submitted
  }
}

/** Without their ending, in order. */
async function listPrograms(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new ClusterError('not-found', `the sample jobs cannot be read: ${toError(error).message}; install Shoal anew`, { cause: error })
  })
  return names.flatMap((name) => /^([a-z][a-z0-9-]*)\.ts$/.exec(name)?.[1] ?? []).sort()
}

/** All programs as one package. Resolves with its `gcs://` address. */
async function upload(calls: ClusterCalls, folder: string, signal: AbortSignal): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'shoal-samples-'))
  try {
    const archive = join(scratch, 'samples.zip')
    await packFolder(folder, archive, { excludes: [], isModule: false, signal })
    const { size: sizeBytes } = await stat(archive)
    const name = `_ray_pkg_${hashFolder(folder, [])}.zip`
    return await calls.uploadPackage({ name, open: () => createReadStream(archive), sizeBytes, signal })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
