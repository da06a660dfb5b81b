import { expect, test } from 'vitest'
import { fixCommandOf } from '#src-renderer/entities/fix-command.ts'

const place = { user: 'ada', host: '10.0.0.7', port: 2222 }

test.each([
  ['See that it is on. Try: ssh -v HOST', 'ssh -p 2222 -v ada@10.0.0.7'],
  ['Your key is not there (ssh-copy-id USER@HOST), or give a password.', 'ssh-copy-id -p 2222 ada@10.0.0.7'],
  ['Only if it is the new one, forget the old: ssh-keygen -R HOST', "ssh-keygen -R '[10.0.0.7]:2222'"],
  ['As root there: chmod 1777 /tmp (or set TMPDIR).', 'chmod 1777 /tmp'],
])('a command that goes to a machine goes to its port: %s', (remedy, command) => {
  expect(fixCommandOf(remedy, place)).toBe(command)
})

test('of a user that nobody knows a command of ssh says nothing, and one that needs one keeps the word to fill in', () => {
  expect(fixCommandOf('Try: ssh -v HOST', { user: 'USER', host: 'gpu7' })).toBe('ssh -v gpu7')
  expect(fixCommandOf('Put it there (ssh-copy-id USER@HOST), or not.', { user: 'USER', host: 'gpu7' })).toBe('ssh-copy-id USER@gpu7')
})
