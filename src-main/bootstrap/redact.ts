/** Takes secrets out of what is kept or shown: whatever was `add`ed, wherever it stands. */
export type Redactor = { add(secret: string): void; clean(text: string): string }

/** A shorter one would strike out ordinary words. */
const shortestSecret = 8

export function createRedactor(): Redactor {
  const secrets = new Set<string>()
  return {
    add(secret) {
      if (secret.length >= shortestSecret) secrets.add(secret)
    },
    clean: (text) => [...secrets].reduce((left, secret) => left.replaceAll(secret, '<secret>'), text),
  }
}
