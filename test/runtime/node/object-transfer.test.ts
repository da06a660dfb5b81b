import { expect, test } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { ObjectTransfer } from '#runtime/node/object-transfer.ts'
import { aClient, aServer, MB, pattern, put } from '../store/support.ts'
import { idOf } from './core/agent-core-harness.ts'

test('bytes on their way to another node stay as they are when their object is freed, until the link has sent them', async () => {
  const store = await aServer({ capacityBytes: 20 * MB })
  const writer = aClient(store, 'writer')
  const transfer = new ObjectTransfer({ store, nodeId: idOf('a'), logger: silentLogger, linkTo: () => Promise.reject(new Error('none')) })
  let sent: () => void = () => {}
  const link = {
    drained: () =>
      new Promise<void>((resolve) => {
        sent = resolve
      }),
  }
  await put(writer, 'a', pattern(8 * MB, 1))
  const { sizeBytes, bytes } = await transfer.read({ objectId: 'a', offset: MB, length: 2 * MB }, link)
  expect(sizeBytes).toBe(8 * MB)
  store.free(['a'])
  transfer.close()
  await put(writer, 'b', pattern(8 * MB, 2))
  expect(Buffer.compare(bytes, pattern(8 * MB, 1).subarray(MB, 3 * MB))).toBe(0)
  const used = store.stats().usedBytes
  sent()
  await expect.poll(() => store.stats().usedBytes).toBeLessThan(used)
  await expect(transfer.read({ objectId: 'a', offset: 0, length: MB }, link)).rejects.toMatchObject({ code: 'object.lost' })
})
