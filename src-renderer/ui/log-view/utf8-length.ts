const encoder = new TextEncoder()

/** How many bytes the text has in UTF-8. */
export const utf8Length = (text: string): number => (notAscii.test(text) ? encoder.encode(text).length : text.length)

const notAscii = /[\u0080-\uffff]/
