import { expect, test } from 'vitest'
import { whyNotChange, wordToType } from '#src-renderer/features/clusters/change-rules.ts'

const head = { role: 'head' } as const
const worker = { role: 'worker' } as const

test('the head is neither drained nor removed, alone or among others', () => {
  expect(whyNotChange('drain', [head])).toBe('whyHeadDrain')
  expect(whyNotChange('remove', [head])).toBe('whyHead')
  expect(whyNotChange('remove', [worker, head])).toBe('whyNotOne')
  expect(whyNotChange('remove', [worker, worker])).toBeUndefined()
  expect(whyNotChange('restart', [worker, head])).toBeUndefined()
})

test('what takes much away wants the name of the cluster typed', () => {
  const lab = { name: 'lab' }
  expect(wordToType('down', lab, 1)).toBe('lab')
  expect(wordToType('remove', lab, 2)).toBe('lab')
  expect(wordToType('remove', lab, 1)).toBeUndefined()
  expect(wordToType('restart', lab, 9)).toBeUndefined()
})
