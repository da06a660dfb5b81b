import { expect, test } from 'vitest'
import { createDeviceEnv } from '#runtime/worker/devices.ts'

test('a process sees the devices of its lease, and what it started with when a lease has none', () => {
  const env: NodeJS.ProcessEnv = { CUDA_VISIBLE_DEVICES: '0,1,2' }
  const show = createDeviceEnv(env)
  show({ GPU: ['1'], TPU: ['3'] })
  expect(env).toEqual({ CUDA_VISIBLE_DEVICES: '1', HIP_VISIBLE_DEVICES: '1', TPU_VISIBLE_CHIPS: '3', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' })
  show({})
  expect(env).toEqual({ CUDA_VISIBLE_DEVICES: '0,1,2' })
})

test('an order of devices that the user chose is kept', () => {
  const env: NodeJS.ProcessEnv = { CUDA_DEVICE_ORDER: 'FASTEST_FIRST' }
  createDeviceEnv(env)({ GPU: ['0'] })
  expect(env['CUDA_DEVICE_ORDER']).toBe('FASTEST_FIRST')
})
