import type { Devices } from '../protocol/scheduling.ts'

/** Which variables make a library see only the devices it was given (Ray: _private/accelerators). ROCm reads the CUDA one too. */
const variables: Readonly<Record<string, readonly string[]>> = {
  GPU: ['CUDA_VISIBLE_DEVICES', 'HIP_VISIBLE_DEVICES'],
  TPU: ['TPU_VISIBLE_CHIPS'],
  NPU: ['ASCEND_RT_VISIBLE_DEVICES'],
  HPU: ['HABANA_VISIBLE_MODULES'],
  neuron_cores: ['NEURON_RT_VISIBLE_CORES'],
}
const cudaOrder = 'CUDA_DEVICE_ORDER'

/**
 * Returns a function that shows `env` the devices of a lease. Without devices of a kind, its variables are again what the
 * process started with: a task that asked for no GPU is not hindered from seeing one.
 */
export function createDeviceEnv(env: NodeJS.ProcessEnv): (devices: Devices) => void {
  const original = new Map([...Object.values(variables).flat(), cudaOrder].map((name) => [name, env[name]]))
  const restore = (name: string) => {
    const value = original.get(name)
    if (value === undefined) delete env[name]
    else env[name] = value
  }
  return (devices) => {
    for (const [resource, names] of Object.entries(variables)) {
      const ids = Object.hasOwn(devices, resource) ? devices[resource] : undefined
      for (const name of names) {
        if (ids === undefined || ids.length === 0) restore(name)
        else env[name] = ids.join(',')
      }
    }
    restore(cudaOrder)
    // CUDA counts fastest first unless told; indexes handed out by agents are in bus order, as the driver's tools list them.
    if ((devices['GPU']?.length ?? 0) > 0) env[cudaOrder] ??= 'PCI_BUS_ID'
  }
}
