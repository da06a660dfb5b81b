import { expect, test } from 'vitest'
import { detectInventoryFormat } from '#src-main/machines/parse-inventory.ts'

test.each([
  ['a\nb', '', 'paste'],
  ['gpu[01-08]', '', 'paste'],
  ['[fe80::1]:22', '', 'paste'],
  ['a,b,c', '', 'paste'],
  ['me@host user=x', '', 'paste'],
  ['name,host,user\na,b,c', '', 'csv'],
  ['host\na', '', 'csv'],
  ['# hosts\n[gpu]\na', '', 'ansible-ini'],
  ['a ansible_user=x', '', 'ansible-ini'],
  ['---\nall:\n  hosts:', '', 'ansible-yaml'],
  ['{"format": "shoal-machines"}', '', 'json'],
  ['a', 'hosts.csv', 'csv'],
  ['a', 'hosts.YML', 'ansible-yaml'],
  ['a', 'hosts.txt', 'paste'],
] as const)('%j in a file %j is %s', (text, fileName, format) => {
  expect(detectInventoryFormat(text, fileName)).toBe(format)
})
