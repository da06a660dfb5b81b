import { expect, test } from 'vitest'
import { parseRayAddress } from '#src-main/cluster/ray/ray-address.ts'

test.each([
  ['gpu1', 'http://gpu1:8265'],
  ['gpu1:9000', 'http://gpu1:9000'],
  ['gpu1:80', 'http://gpu1'],
  ['10.0.0.7', 'http://10.0.0.7:8265'],
  ['[::1]:8265', 'http://[::1]:8265'],
  ['http://gpu1:8265/', 'http://gpu1:8265'],
  ['http://gpu1', 'http://gpu1'],
  ['https://Ray.Example.com', 'https://ray.example.com'],
  ['https://ray.example.com/team/ray/', 'https://ray.example.com/team/ray'],
  [' http://gpu1:8265 ', 'http://gpu1:8265'],
])('%s is understood as %s', (given, url) => {
  expect(parseRayAddress(given)).toBe(url)
})

test.each([
  ['ray://gpu1:10001', "Ray's client"],
  ['gpu1:6379', 'dashboard'],
  ['http://gpu1:10001', 'dashboard'],
  ['ftp://gpu1', 'no address'],
  ['http://', 'no address'],
  ['two words', 'no address'],
  ['http://me:secret@gpu1:8265', 'the token by itself'],
  ['http://gpu1:8265/?a=b', '? or #'],
  ['http://gpu1:8265/#/jobs', '? or #'],
])('%s is refused, and why', (given, why) => {
  expect(() => parseRayAddress(given)).toThrow(expect.objectContaining({ code: 'bad-argument', message: expect.stringContaining(why) }))
})

test('what is wrong with an address does not show the password in it', () => {
  expect(() => parseRayAddress('http://me:hunter2@gpu1')).not.toThrow('hunter2')
})
