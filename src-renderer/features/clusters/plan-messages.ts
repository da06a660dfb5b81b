import { defineMessages } from '../../i18n/messages.ts'

export const messages = defineMessages(
  {
    plan: 'What will be done',
    head: 'Head',
    worker: '{count, plural, one {Worker} other {# workers}}',
    none: '{count, plural, one {Machine} other {# machines}}',
    toldOf: 'Told of {name}; paths and addresses differ by machine.',
    more: 'and {count} more',
    commands: 'The commands, as they are run on {name}',
    commandOf: 'Command of {step}',
    inTheWay: 'What stands in the way',
    ofAll: 'Of the whole',
    nothing: 'Nothing is to be done on any machine.',
  },
  {
    plan: '実行内容',
    head: 'ヘッド',
    worker: 'ワーカー {count} 台',
    none: 'マシン {count} 台',
    toldOf: '{name} の例です。パスとアドレスはマシンごとに異なります。',
    more: '他 {count} 台',
    commands: '{name} で実行されるコマンド',
    commandOf: '{step} のコマンド',
    inTheWay: '障害',
    ofAll: '全体',
    nothing: 'どのマシンにも行うことはありません。',
  },
)
