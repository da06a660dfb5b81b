// Apart from the schemas, so that the page has these numbers without them.

/** Of what is said on the socket; a client of another number is of another version. */
export const socketProtocol = 1
/** Of one message, either way; a snapshot and a log come in many. */
export const maxMessageBytes = 8 * 1024 * 1024
/** Codes of our own with which the panel closes a socket. */
export const closeCodes = { sessionEnded: 4401, tooSlow: 1013, badMessage: 1008, textOnly: 1003, goingAway: 1001 } as const
/** With it a page shows the half of its session that cookies do not carry. */
export const pageKeyHeader = 'x-shoal-page-key'
/** The same beside the name of a WebSocket's protocol, as a page can give that no headers. Comes second, after `shoal`. */
export const pageKeyProtocol = 'shoal-page-key.'
