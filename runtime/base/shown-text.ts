/** Control characters but for line breaks and tabs, and those that turn the direction of writing around. */
// oxlint-disable-next-line no-control-regex -- control characters are what it is to find
const orders = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

/**
 * The text without anything that a terminal takes for an order: such a character is shown as `\u001b`, which is the same to who reads JSON.
 * Names, messages and paths come from programs of others.
 */
export const shownText = (text: string): string => text.replaceAll(orders, shownLetter)

export const shownLetter = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`
