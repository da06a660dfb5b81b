import type { ErrorText } from '../../src-main/contract/socket-messages.ts'

/** What the panel refused or could not do, in its own words. */
export class PanelError extends Error {
  readonly code: string
  readonly details: ErrorText['details']
  readonly isRetryable: boolean

  constructor({ code, message, details, isRetryable }: ErrorText) {
    super(message)
    this.name = 'PanelError'
    this.code = code
    this.details = details
    this.isRetryable = isRetryable
  }
}

export const lostConnection = (method: string): PanelError =>
  new PanelError({
    code: 'link.closed',
    message: `the connection to the panel was lost while ${method} ran; it may have been done`,
    details: {},
    isRetryable: true,
  })
