import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Caller } from '../host/call-table.ts'

export type SessionLimits = {
  /** At the limit the session that rests longest ends, with its sockets. @default 32 */
  readonly maxSessions?: number
  /** @default 24 hours without a request */
  readonly idleMs?: number
  /** Wrong tokens a minute, over all who ask, that are answered as such; more of them are told to wait. @default 20 */
  readonly maxGuesses?: number
}

/** Who may call: a browser that showed the token once, or a program that shows it every time. */
export type Visitor = {
  /** For logs and limits; says nothing of the token. */
  readonly id: string
  readonly access: Caller['access']
  /** Called when the session ends before its socket does. */
  readonly onEnded: Set<() => void>
}

/** What the token opens, or why it opens nothing. */
export type TokenJudgement = Caller['access'] | 'wrong' | 'too-many-guesses'

/** The two halves of a session. A program on another port of this host may come to see the first, and no other page the second. */
export type SessionKeys = { readonly cookie: string; readonly pageKey: string }

type Session = Visitor & { readonly pageKeyHash: Buffer; touchedAtMs: number }

/**
 * The token of this launch and the browser sessions that it opened. Secrets are kept as hashes only, but for the token itself, which the
 * link that a person opens must hold.
 */
export class Sessions {
  readonly token = randomBytes(32).toString('hex')
  readonly readToken = readTokenOf(this.token)
  readonly #tokenHashes = { change: hashOf(this.token), read: hashOf(this.readToken) }
  readonly #programs: Readonly<Record<Caller['access'], Visitor>> = {
    change: { id: 'program', access: 'change', onEnded: new Set() },
    read: { id: 'reading-program', access: 'read', onEnded: new Set() },
  }
  readonly #limits: Required<SessionLimits>
  /** By the hash of the cookie; the longest untouched first. */
  readonly #sessions = new Map<string, Session>()
  #opened = 0
  #guesses = 0
  #guessesSinceMs = 0

  constructor(limits: SessionLimits = {}) {
    this.#limits = { maxSessions: 32, idleMs: 24 * 3_600_000, maxGuesses: 20, ...limits }
  }

  get count(): number {
    return this.#sessions.size
  }

  /** Takes the same time for any text. The right token is right however many wrong ones came: a stranger must not lock the user out. */
  judgeToken(text: string): TokenJudgement {
    const hash = hashOf(text.slice(0, 256))
    const [isChange, isRead] = [timingSafeEqual(this.#tokenHashes.change, hash), timingSafeEqual(this.#tokenHashes.read, hash)]
    if (isChange || isRead) return isChange ? 'change' : 'read'
    const nowMs = performance.now()
    if (this.#guessesSinceMs === 0 || nowMs - this.#guessesSinceMs > 60_000) {
      this.#guesses = 0
      this.#guessesSinceMs = nowMs
    }
    this.#guesses += 1
    return this.#guesses > this.#limits.maxGuesses ? 'too-many-guesses' : 'wrong'
  }

  /** Opens a session for who has shown a token. */
  open(access: Caller['access']): SessionKeys {
    this.#endIdle()
    const [cookie, pageKey] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')]
    this.#opened += 1
    const visitor: Visitor = { id: `browser-${this.#opened}`, access, onEnded: new Set() }
    this.#sessions.set(keyOf(cookie), { ...visitor, pageKeyHash: hashOf(pageKey), touchedAtMs: performance.now() })
    for (const [key, session] of this.#sessions) if (this.#sessions.size > this.#limits.maxSessions) this.#end(key, session)
    return { cookie, pageKey }
  }

  /** Only both halves together are a session. */
  find({ cookie, pageKey }: SessionKeys): Visitor | undefined {
    this.#endIdle()
    const key = keyOf(cookie.slice(0, 256))
    const session = this.#sessions.get(key)
    if (session === undefined || !timingSafeEqual(session.pageKeyHash, hashOf(pageKey.slice(0, 256)))) return undefined
    session.touchedAtMs = performance.now()
    this.#sessions.delete(key)
    this.#sessions.set(key, session)
    return session
  }

  /** All programs with the same token are one visitor. */
  program(access: Caller['access']): Visitor {
    return this.#programs[access]
  }

  #endIdle(): void {
    const oldestMs = performance.now() - this.#limits.idleMs
    for (const [key, session] of this.#sessions) {
      if (session.touchedAtMs > oldestMs) return // all after it were touched later
      if (session.onEnded.size === 0) this.#end(key, session) // with an open socket it is in use
    }
  }

  #end(key: string, session: Session): void {
    this.#sessions.delete(key)
    for (const onEnded of session.onEnded) onEnded()
  }
}

/** Opens everything to who may only look. Made of the token, so that who has that one need not be told; there is no way back. */
export const readTokenOf = (token: string): string => createHmac('sha256', token).update('read').digest('hex')

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest()
/** A lookup by hash tells by its time nothing of the cookie. */
const keyOf = (cookie: string): string => hashOf(cookie).toString('base64')
