/**
 * The first of those on each machine, so that its cores and memory are summed up once: each node there tells those of the whole machine.
 * `machineOf`: what is the same for nodes of one machine; null where it is not known, which makes it a machine of its own.
 */
export function onePerMachine<T>(nodes: readonly T[], machineOf: (node: T) => string | null): readonly T[] {
  const seen = new Set<string>()
  return nodes.filter((node) => {
    const machine = machineOf(node)
    if (machine === null) return true
    const isFirst = !seen.has(machine)
    seen.add(machine)
    return isFirst
  })
}
