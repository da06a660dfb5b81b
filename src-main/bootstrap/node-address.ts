import type { MachineFacts } from '../contract/machines.ts'

type Known = { readonly nodeIp?: string | undefined; readonly host: string; readonly facts: Pick<MachineFacts, 'addresses'> }

/** Of containers and virtual machines on that host: no other machine reaches it there. */
const innerDevice = /^(lo|docker|br-|veth|virbr|cni|flannel|cali|podman|lxc|lxd|vmnet|tailscale0?$)/

/**
 * The address by which the other machines reach this one: what a person said, else the one that we reach it by when that is its own,
 * else the first that is not of an inner network. Undefined when there is none.
 */
export function chooseNodeIp({ nodeIp, host, facts }: Known): string | undefined {
  if (nodeIp !== undefined) return nodeIp
  const outer = facts.addresses.filter(({ address }) => !isLocal(address))
  const reached = outer.find(({ address }) => address === host)
  const proper = outer.filter(({ device }) => !innerDevice.test(device))
  return (reached ?? proper.find(({ address }) => isIpv4(address)) ?? proper[0])?.address
}

const isIpv4 = (address: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(address)

const isLocal = (address: string): boolean => /^(127\.|169\.254\.|::1$|fe80:)/i.test(address)
