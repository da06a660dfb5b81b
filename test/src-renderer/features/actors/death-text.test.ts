import { expect, test } from 'vitest'
import { deathText, wholeDeathText } from '#src-renderer/features/actors/death-text.ts'

test('the sentence of a Shoal head is told, with the last lines of the process', () => {
  const exit = { exitCode: 3, signal: null, pid: 7, reason: null, lastLines: ['disk full', 'gave up'] }
  const row = { state: 'DEAD', death_cause: { cause: 'process-exited', message: 'its process 7 exited with code 3', exit } }
  expect(deathText(row)).toBe('its process 7 exited with code 3')
  expect(wholeDeathText(row)).toBe('its process 7 exited with code 3\ndisk full\ngave up')
})

test('the context of a Ray head that has words is told', () => {
  const row = {
    state: 'DEAD',
    death_cause: { actor_died_error_context: { error_message: 'The actor is dead because its owner has died.' } },
  }
  expect(deathText(row)).toBe('The actor is dead because its owner has died.')
  expect(wholeDeathText(row)).toBe('The actor is dead because its owner has died.')
})

test('of an actor that lives nothing is told', () => {
  expect(wholeDeathText({ state: 'ALIVE', death_cause: null })).toBe('')
})
