import { expect, test } from 'vitest'
import { toCamelCase, toGoogleStyle } from '#runtime/head/http/legacy/google-style.ts'

test('keys become what Ray makes of them, names of resources too', () => {
  expect(toCamelCase('load_metrics_report')).toBe('loadMetricsReport')
  expect(toCamelCase('node:__internal_head__')).toBe('node:InternalHead')
  expect(toCamelCase('CPU_group_0_ab12cd')).toBe('CPUGroup0Ab12Cd') // a letter after a digit begins a word in Python
  expect(toCamelCase('CPU')).toBe('CPU')
})

test('maps are converted all the way down, and lists only where they hold maps themselves', () => {
  expect(toGoogleStyle({ a_b: [{ c_d: 1 }, [{ e_f: 2 }], 'g_h'], i_j: { k_l: { m_n: null } } })).toEqual({
    aB: [{ cD: 1 }, [{ e_f: 2 }], 'g_h'],
    iJ: { kL: { mN: null } },
  })
})
