import { defineMessages } from '../i18n/messages.ts'

export const messages = defineMessages(
  {
    close: 'Close',
    cancel: 'Cancel',
    copy: 'Copy',
    copied: 'Copied',
    retry: 'Try again',
    copyDetails: 'Copy details',
    typeToConfirm: 'Type {text} to confirm',
    breadcrumbs: 'Where you are',
  },
  {
    close: '閉じる',
    cancel: 'キャンセル',
    copy: 'コピー',
    copied: 'コピーしました',
    retry: '再試行',
    copyDetails: '詳細をコピー',
    typeToConfirm: '確認のため {text} と入力してください',
    breadcrumbs: '現在の場所',
  },
)
