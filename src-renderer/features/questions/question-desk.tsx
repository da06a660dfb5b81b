/** Shows what the panel's host asks: host keys, passwords, passphrases. */
export function QuestionDesk() {
  return null
}
