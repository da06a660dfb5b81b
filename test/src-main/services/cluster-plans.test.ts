import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Plan } from '#src-main/contract/clusters.ts'
import { MachineSpec } from '#src-main/contract/machines.ts'
import { openClusterStore } from '#src-main/storage/cluster-store.ts'
import { openDataFolder } from '#src-main/storage/data-folder.ts'
import { openInventoryStore } from '#src-main/storage/inventory-store.ts'
import { newClusterId } from '#src-main/storage/new-id.ts'
import { openTestPanel, type TestPanel } from '#test/support/panel.ts'
import { CliUser } from '../cli/cli-process.ts'

/** Of this computer, on which nobody listens. */
async function aClosedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on a port
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A cluster `lab` of this computer and of a machine that has gone, as a panel left it. */
async function leaveLab(folder: string): Promise<void> {
  const data = await openDataFolder(folder)
  const machines = await (await openInventoryStore(data)).add([
    MachineSpec.parse({ name: 'here', via: 'local', host: '127.0.0.1' }),
    MachineSpec.parse({ name: 'gone', via: 'ssh', host: '127.0.0.1', port: await aClosedPort(), user: 'somebody' }),
  ])
  const id = newClusterId()
  const members = machines.map(({ id: machineId, name }) => ({
    ...{ machineId, role: name === 'here' ? ('head' as const) : ('worker' as const), state: 'started' as const },
    ...{
      payload: 'a'.repeat(64),
      address: '127.0.0.1:1',
      nodeId: 'b'.repeat(56),
      sessionFolder: `/nowhere/.shoal/clusters/lab-${id}/${name}`,
    },
  }))
  await (await openClusterStore(data)).add({
    ...{ id, name: 'lab', engine: 'shoal', createdAtMs: 0, ports: { head: 1, agent: 1, api: 0 }, service: 'none', members },
    ...{ link: { state: 'off', sinceMs: 0, message: null }, lease: { holder: null, isOurs: false } },
  })
  await data.close()
}

let user: CliUser
let panel: TestPanel
beforeAll(async () => {
  user = new CliUser()
  await leaveLab(join(user.folder, 'panel', 'data'))
  panel = await openTestPanel({ folder: join(user.folder, 'panel') })
})
afterAll(async () => {
  await panel?.dispose()
  user?.dispose()
})

const stepsOf = ({ machines }: Plan) => Object.fromEntries(machines.map(({ name, steps }) => [name, steps.map(({ id }) => id).join(' ')]))
const forgotten = 'gone cannot be reached and is only forgotten; what lies there stays.'

test('the plan of a forced removal is what force does: nothing is waited for, and what cannot be reached is forgotten', async () => {
  const planOf = async (force?: boolean) =>
    (await panel.host.call('clusters.planRemove', { cluster: 'lab', machines: ['gone'], ...(force !== undefined && { force }) })).plan
  expect(stepsOf(await planOf())).toEqual({ gone: 'connect drain stop delete' })
  const forced = await planOf(true)
  expect(stepsOf(forced)).toEqual({ gone: 'forget' })
  expect(forced.notes).toEqual(['What runs there is ended at once.', forgotten])
})

test('so is the plan of taking a cluster down by force, and machines that are there are cleaned all the same', async () => {
  const planOf = async (force: boolean) => (await panel.host.call('clusters.planDown', { cluster: 'lab', force })).plan
  expect(stepsOf(await planOf(false))).toEqual({ here: 'connect stop delete', gone: 'connect stop delete' })
  const forced = await planOf(true)
  expect(stepsOf(forced)).toEqual({ here: 'connect stop delete', gone: 'forget' })
  expect(forced.notes).toContain(forgotten)
})

test('the command line shows the same plans', async () => {
  await panel.stop()
  for (const words of [
    ['remove', 'lab', 'gone'],
    ['down', 'lab'],
  ]) {
    expect((await user.shoal('cluster', ...words, '--plan')).stdout).not.toContain(forgotten)
    expect((await user.shoal('cluster', ...words, '--plan', '--force')).stdout).toContain(forgotten)
  }
})
