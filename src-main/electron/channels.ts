/** Between the preload script and the main process; the page names none of them. */
export const channels = {
  /** page → main: the page listens from now on, or no more. */
  wireOpen: 'shoal:wire-open',
  wireClose: 'shoal:wire-close',
  wireSend: 'shoal:wire-send',
  /** page → main: so many characters were handed to the page. */
  wireTaken: 'shoal:wire-taken',
  /** main → page. */
  wireMessage: 'shoal:wire-message',
  wireState: 'shoal:wire-state',
  command: 'shoal:command',
  /** page → main, with an answer. */
  ask: 'shoal:ask',
} as const
