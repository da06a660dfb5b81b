import { describe, expect, test } from 'vitest'
import { parseCsvInventory } from '#src-main/machines/csv-inventory.ts'
import { messagesOf, namesOf, placesOf } from './support.ts'

describe('a table of machines', () => {
  test.each([
    ['commas', 'Host,User,Port\na,me,22\n'],
    ['semicolons and a byte order mark', '\ufeffHOSTNAME;user name;SSH Port\r\na;me;22\r\n'],
    ['tabs', 'IP Address\tlogin\tport\n\na\tme\t22'],
    ['quotes', '"address","username","port"\n"a","me","22"\n'],
    ['the port in the host', 'host\nme@a:22'],
  ])('is read with %s', (_, text) => {
    const parsed = parseCsvInventory(text)
    expect(placesOf(parsed)).toEqual(['me@a:22'])
    expect(parsed.problems).toEqual([])
  })

  test('has each column once, and names that cannot be are made to fit; both are said', () => {
    const parsed = parseCsvInventory('Label,Host,Address\nbox one!,a,b\n')
    expect(parsed.machines).toMatchObject([{ name: 'box-one', host: 'a' }])
    expect(messagesOf(parsed)).toEqual([
      expect.stringContaining('another one says host already'),
      expect.stringContaining('2: it is called box-one here'),
    ])
  })

  test('takes lists, quotes and lines within a cell', () => {
    const { machines, problems } = parseCsvInventory(
      'Label,Address,Folder Path,Tags,IdentityFile,ProxyJump,Description\nbox1,a,lab/gpu,"x;y",~/.ssh/id,"me@gate, b","says ""hi""\nand more"\nbox2,b,,,,none,',
    )
    expect(problems).toEqual([])
    expect(machines).toEqual([
      {
        name: 'box1',
        host: 'a',
        via: 'ssh',
        groups: ['lab/gpu'],
        tags: ['x', 'y'],
        keyFiles: ['~/.ssh/id'],
        jump: ['me@gate', 'b'],
        notes: 'says "hi"\nand more',
      },
      { name: 'box2', host: 'b', via: 'ssh', groups: [], tags: [], jump: [], notes: '' },
    ])
  })
})

test('each row that cannot be taken is named with its line', () => {
  const parsed = parseCsvInventory(
    'name,host,port\n\na,a,22\nb,-oProxyCommand=x,\nc,c,99999\n"d\nd",d,\ne,,\nf,f,22,more\na,g,\nh,"un"closed,\ni,i,\n',
  )
  expect(namesOf(parsed)).toEqual(['a', 'd-d', 'f', 'i'])
  expect(messagesOf(parsed).map((message) => message.split(':')[0])).toEqual(expect.arrayContaining(['4', '5', '6', '8', '9', '10', '11']))
})

test('columns of passwords are not read, unknown ones are said, and no value of theirs is repeated', () => {
  const parsed = parseCsvInventory(
    'host,Password,Sudo Pass,rack,api_token\na,hunter2,hunter2,7,hunter2\n-b,hunter2,hunter2,7,hunter2\n"c,hunter2',
  )
  expect(namesOf(parsed)).toEqual(['a'])
  expect(parsed.problems.filter(({ line }) => line === 1).map(({ text }) => text)).toEqual(['Password', 'Sudo Pass', 'rack', 'api_token'])
  expect(JSON.stringify(parsed)).not.toContain('hunter2')
})

test.each([
  ['', 'header'],
  ['a,b,c\n1,2,3', 'no column is called host'],
  [`host\n"${'a'.repeat(300_000)}`, 'longer than'],
  [`host\n${'a'.repeat(10_000_000)}`, 'at most 4 MB'],
  ['host\n' + 'x\n'.repeat(100_000), 'already'],
])('what is no table, or too large, is refused (%#)', (text, why) => {
  expect(messagesOf(parseCsvInventory(text)).join()).toContain(why)
})
