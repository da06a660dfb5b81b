import { expect, test } from 'vitest'
import { findEntryFile } from '#src-main/services/entry-file.ts'

test.each([
  ['python main.py', 'main.py'],
  ['python3.12 -u src/train.py --data x.csv', 'src/train.py'],
  ['A=1 B="x" node ./main.ts', 'main.ts'],
  ['  bash -x run.sh', 'run.sh'],
  ['torchrun --nproc_per_node 2 train.py', 'train.py'],
  ['torchrun --nproc-per-node=2 train.py', 'train.py'],
  ['./run.sh now', 'run.sh'],
  ['bin/start.sh', 'bin/start.sh'],
])('%j begins with a file of its folder', (line, file) => {
  expect(findEntryFile(line)).toBe(file)
})

test.each([
  'python -m package.main',
  'python -c "print(1)" main.py',
  'node -e 1',
  'make train.py',
  'cd sub && python main.py',
  'python /opt/main.py',
  'python ../main.py',
  'python "$FILE.py"',
  'python my*.py',
  'python',
  'bash',
  '/usr/bin/run.sh',
  '',
])('of %j that cannot be told', (line) => {
  expect(findEntryFile(line)).toBeUndefined()
})
