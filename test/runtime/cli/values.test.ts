import { describe, expect, test } from 'vitest'
import { parseAddress, parseCount, parseDuration, parseLabels, parsePort, parseResources, parseSize } from '#runtime/cli/values.ts'

describe('sizes', () => {
  test.each([
    ['8GiB', 8 * 2 ** 30],
    ['8 gib', 8 * 2 ** 30],
    ['500MB', 5e8],
    ['8e9', 8e9],
    ['1.5kB', 1_500],
    ['4096', 4_096],
  ])('%s are %d bytes', (text, bytes) => expect(parseSize('--memory', text)).toBe(bytes))

  test.each(['', '8G', '8Gi', '-1', '0', '1e30', '0x10', 'GiB', 'NaN'])('%j is refused, as it can be misread', (text) =>
    expect(() => parseSize('--memory', text)).toThrow(
      `--memory must be a size such as 8GiB, 500MB or 8e9 (bytes), got ${JSON.stringify(text)}`,
    ),
  )
})

test('counts and ports are whole numbers within their range', () => {
  expect(parseCount('--num-cpus', '0')).toBe(0)
  expect(parsePort('--port', '65535')).toBe(65_535)
  for (const text of ['-1', '1.5', 'four', '']) expect(() => parseCount('--num-cpus', text)).toThrow('--num-cpus must be a whole number')
  for (const text of ['65536', '-1', 'http']) expect(() => parsePort('--port', text)).toThrow('--port must be a port')
})

test('an address names host and port, and IPv6 stands in brackets', () => {
  expect(parseAddress('--address', '10.0.0.5:6379')).toEqual({ host: '10.0.0.5', port: 6379 })
  expect(parseAddress('--address', '[fd00::5]:6379')).toEqual({ host: 'fd00::5', port: 6379 })
  for (const text of ['10.0.0.5', 'fd00::5:6379', 'a:0', ':1'])
    expect(() => parseAddress('--address', text)).toThrow('--address must be HOST:PORT')
})

test('durations have a unit', () => {
  expect(parseDuration('--grace', '500ms')).toBe(500)
  expect(parseDuration('--grace', '1m')).toBe(60_000)
  expect(() => parseDuration('--grace', 'soon')).toThrow('--grace must be a duration')
})

describe('resources', () => {
  test('are amounts by name', () => expect(parseResources('--resources', '{"license": 2, "ssd": 0.5}')).toEqual({ license: 2, ssd: 0.5 }))

  test.each([
    ['{"CPU": 2}', '--resources: CPU has a flag of its own, --num-cpus'],
    ['{"memory": 2}', '--resources: memory has a flag of its own, --memory'],
    ['{"ssd": -1}', '--resources: the amount of ssd must be a number from 0 to 1e15, got -1'],
    ['{"ssd": "1"}', '--resources: the amount of ssd must be a number from 0 to 1e15, got "1"'],
    ['[1]', '--resources must be a JSON object of amounts'],
    ['{ssd: 1}', '--resources must be a JSON object of amounts'],
  ])('%s is refused', (text, message) => expect(() => parseResources('--resources', text)).toThrow(message))
})

describe('labels', () => {
  test('are written as pairs or as JSON', () => {
    expect(parseLabels('--labels', 'zone=a, disk=ssd')).toEqual({ zone: 'a', disk: 'ssd' })
    expect(parseLabels('--labels', 'note=a=b')).toEqual({ note: 'a=b' })
    expect(parseLabels('--labels', '{"zone": "a"}')).toEqual({ zone: 'a' })
  })

  test.each([['zone'], ['=a'], ['{"zone": 1}'], ['{"": "a"}'], [`zone=${'a'.repeat(257)}`]])('%j is refused', (text) =>
    expect(() => parseLabels('--labels', text)).toThrow(/^--labels/),
  )
})
