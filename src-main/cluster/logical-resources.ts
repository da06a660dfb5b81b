const factors: Readonly<Record<string, number>> = { '': 1, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 }

/** Of lines such as `0.5/2.0 CPU` and `1.20GiB/7.45GiB memory`. */
export function usedFrom(lines: string): Record<string, number> {
  const found = lines.matchAll(/^\s*([\d.]+)([KMGT]?i?B?)\/[\d.]+[KMGT]?i?B? (\S+)/gm)
  return Object.fromEntries([...found].map(([, amount, unit = '', name = '']) => [name, Number(amount) * (factors[unit] ?? 1)]))
}
