import { defineMessages } from '../../i18n/messages.ts'

export const messages = defineMessages(
  {
    title: 'Serve',
    none: 'No applications',
    noneText: 'Nothing is deployed with Ray Serve on this cluster.',
    missing: 'Ray Serve is not here',
    route: 'Route',
    deployed: 'Deployed',
    state: 'State',
    replicasOf: '{running} of {target} running',
    message: 'Message',
    replica: 'Replica',
    node: 'Node',
    actor: 'Actor',
    started: 'Started',
  },
  {
    title: 'Serve',
    none: 'アプリケーションはありません',
    noneText: 'このクラスターでは Ray Serve に何もデプロイされていません。',
    missing: 'Ray Serve はありません',
    route: 'ルート',
    deployed: 'デプロイ',
    state: '状態',
    replicasOf: '{target} 個中 {running} 個が稼働中',
    message: 'メッセージ',
    replica: 'レプリカ',
    node: 'ノード',
    actor: 'アクター',
    started: '開始',
  },
)
