import { type Bed, createBed } from '#test/support/bed/bed.ts'
import { ensurePayload } from '#test/support/payload.ts'
import { CliUser } from '../src-main/cli/cli-process.ts'

/** What a job printed, without what the cluster says of it, and how it ended. */
export type JobEnd = { readonly code: number | null; readonly lines: readonly string[]; readonly text: string }

/** Three machines over SSH, made a cluster by the command that users give, from a computer of their own. */
export class ExampleCluster {
  readonly bed: Bed
  readonly user: CliUser
  private constructor(bed: Bed, user: CliUser) {
    this.bed = bed
    this.user = user
  }

  static async make(): Promise<ExampleCluster> {
    await ensurePayload()
    const cluster = new ExampleCluster(await createBed({ hosts: ['n1', 'n2', 'n3'].map((name) => ({ name })) }), new CliUser())
    try {
      await cluster.#create()
      return cluster
    } catch (error) {
      await cluster.close()
      throw error
    }
  }

  async #create(): Promise<void> {
    const { hosts, keyFile } = this.bed
    for (const { name, address } of hosts) await this.#do('machine', 'add', `user@${address}`, '--name', name, '--key', keyFile)
    const [head = '', ...workers] = hosts.map(({ name }) => name)
    await this.#do('cluster', 'create', 'lab', '--head', head, '--workers', workers.join(','), '--accept-new-host-keys', '--yes')
  }

  async #do(...args: readonly string[]): Promise<void> {
    const { code, stdout, stderr } = await this.user.shoal(...args)
    if (code !== 0) throw new Error(`shoal ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`)
  }

  /** Submits a job with `shoal cluster job lab …` and follows it to its end. */
  async job(...args: readonly string[]): Promise<JobEnd> {
    const { code, stdout, stderr } = await this.user.shoal('cluster', 'job', 'lab', ...args)
    const text = stdout + stderr
    return { code, text, lines: stdout.split('\n') }
  }

  async close(): Promise<void> {
    this.user.dispose()
    await this.bed.close()
  }
}
