import { expect, test } from 'vitest'
import { findLink, parseLink } from '#src-main/electron/deep-links.ts'

test.each([
  ['shoal://open/', '/'],
  ['shoal://open/machines', '/machines'],
  ['shoal://open/c/lab/jobs?status=RUNNING&sort=-start', '/c/lab/jobs?status=RUNNING&sort=-start'],
  ['shoal://open/c/lab/jobs/train.1%20a', '/c/lab/jobs/train.1%20a'],
  ['SHOAL://open/settings', '/settings'],
])('%s opens %s', (link, path) => {
  expect(parseLink(link)).toBe(path)
})

test.each([
  'shoal://open',
  'shoal://openx/machines',
  'shoal://run/machines',
  'shoal:open/machines',
  'shoal://open//evil.example/',
  'shoal://open/../../etc/passwd',
  'shoal://open/a/./b',
  'shoal://open/%2e%2e/x',
  'shoal://open/a%2fb',
  'shoal://open/a\\b',
  'shoal://open/a b',
  'shoal://open/<script>',
  'shoal://open/a#b',
  'shoal://user@open/a',
  'shoal://open:80/a',
  'shoal://open/a\nb',
  'javascript:alert(1)',
  'https://open/machines',
  `shoal://open/${'a'.repeat(3_000)}`,
])('%s leads nowhere', (link) => {
  expect(parseLink(link)).toBeUndefined()
})

test('a link is found among the words of a command line, and a wrong one is not taken for another', () => {
  expect(findLink(['--no-sandbox', '/opt/shoal', 'shoal://open/machines'])).toBe('/machines')
  expect(findLink(['shoal://nowhere', 'shoal://open/machines'])).toBeUndefined()
  expect(findLink(['--flag', '/machines'])).toBeUndefined()
})
