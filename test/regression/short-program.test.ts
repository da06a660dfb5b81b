import { expect, test } from 'vitest'
import { startCluster } from '#test/support/cluster.ts'
import { runProgram } from '#test/support/run-program.ts'

type Row = { readonly name: string; readonly state: string; readonly error_type: string | null }

/** Workers were killed with their program before they had told what they ran: tasks that had ended well stood as failed. */
test('a program that ends at once leaves its tasks in the lists as they ended', async () => {
  const cluster = await startCluster({ nodes: [{ cpus: 2 }], api: true })
  try {
    const env = { SHOAL_ADDRESS: cluster.address, SHOAL_TEMP_DIR: cluster.tempDir }
    const { exitCode, output } = await runProgram('test/regression/short-program.ts', { env })
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 })
    const rows = async (): Promise<readonly Row[]> => {
      const url = `${cluster.apiUrl}/api/v0/tasks?limit=100`
      const response = await fetch(url, { headers: { authorization: `Bearer ${cluster.token('read')}` } })
      const { data } = (await response.json()) as { data: { result: { result: Row[] } } } // the contract of the list
      return data.result.result.map(({ name, state, error_type }) => ({ name, state, error_type }))
    }
    const finished = { name: 'square', state: 'FINISHED', error_type: null }
    const called = { name: 'Counter.add', state: 'FINISHED', error_type: null }
    const failed = { name: 'fail', state: 'FAILED', error_type: 'TASK_EXECUTION_EXCEPTION' }
    await expect.poll(rows, { timeout: 10_000 }).toEqual(expect.arrayContaining([finished, called, failed]))
    const ended = (await rows()).filter(({ state }) => state === 'FINISHED').map(({ name }) => name)
    expect(ended.toSorted()).toEqual(['Counter', 'Counter.add', 'square', 'square', 'square'])
  } finally {
    await cluster.stop()
  }
})
