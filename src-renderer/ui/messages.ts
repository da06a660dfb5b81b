import { defineMessages } from '../i18n/messages.ts'

export const messages = defineMessages(
  {
    close: 'Close',
    cancel: 'Cancel',
    copy: 'Copy',
    copied: 'Copied',
    retry: 'Try again',
    details: 'Details',
    copyDetails: 'Copy details',
    loading: 'Loading…',
    typeToConfirm: 'Type {text} to confirm',
    failed: 'That did not work',
    working: 'Working…',
    breadcrumbs: 'Where you are',
  },
  {
    close: '閉じる',
    cancel: 'キャンセル',
    copy: 'コピー',
    copied: 'コピーしました',
    retry: '再試行',
    details: '詳細',
    copyDetails: '詳細をコピー',
    loading: '読み込み中…',
    typeToConfirm: '確認のため {text} と入力してください',
    failed: '失敗しました',
    working: '処理中…',
    breadcrumbs: '現在の場所',
  },
)
