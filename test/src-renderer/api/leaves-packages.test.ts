import { expect, test } from 'vitest'
import { lacksPackages, leavesPackages } from '#src-renderer/api/leaves-packages.ts'

test.each([
  ['no ignore file', [], false],
  ['one that says nothing of them', ['dist\n*.log\n'], false],
  ['one that names them', ['dist\nnode_modules\n'], true],
  ['one that names the folder of them', ['/node_modules/  \r\n'], true],
  ['one that names them everywhere', ['**/node_modules'], true],
  ['one that names others', ['my_node_modules\nnode_modules_old\n# node_modules\n'], false],
  ['one that takes them back', ['node_modules\n', '!node_modules\n'], false],
  ['a later one that leaves them out', ['!node_modules\n', 'node_modules'], true],
] as const)('packages of npm go along with a folder that is sent, or not: %s', (_case, ignoreFiles, isLeft) => {
  expect(leavesPackages(ignoreFiles)).toBe(isLeft)
})

test.each([
  ['no package.json', '', [], false],
  ['one that is no JSON', '{', [], false],
  ['one that names none', '{"type":"module"}', ['main.ts'], false],
  ['one whose packages lie beside it', '{"dependencies":{"sharp":"1"}}', ['main.ts', 'node_modules/sharp/index.js'], false],
  ['one whose packages are not there', '{"dependencies":{"sharp":"1"}}', ['main.ts', 'old/node_modules/sharp/index.js'], true],
] as const)('a folder lacks the packages that it names, or not: %s', (_case, packageJson, paths, lacks) => {
  expect(lacksPackages(packageJson, paths)).toBe(lacks)
})
