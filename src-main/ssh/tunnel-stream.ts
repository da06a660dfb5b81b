import { Duplex } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import type { SshLink } from './ssh-link.ts'

/**
 * A forwarded connection that behaves as a socket does: it can be destroyed, ends with an error when the link breaks, and
 * takes the calls that HTTP clients make on sockets. Held back in both directions while the other side does not read.
 */
export class TunnelStream extends Duplex {
  readonly #channel: ClientChannel
  constructor(channel: ClientChannel, link: SshLink) {
    super({ allowHalfOpen: true })
    this.#channel = channel
    // Whoever holds it hears of the error by the stream's end as well; without a listener it must not end the process.
    this.on('error', () => {})
    const stopListening = link.onDown((error) => this.destroy(error))
    this.once('close', stopListening)
    channel.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) channel.pause()
    })
    channel.on('end', () => this.push(null))
    channel.on('close', () => this.#remoteClosed())
    channel.stderr.resume()
  }
  override _read(): void {
    this.#channel.resume()
  }
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#channel.write(chunk, done)
  }
  override _final(done: (error?: Error | null) => void): void {
    this.#channel.end()
    done()
  }
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#channel.destroy()
    this.#channel.resume() // unread bytes would keep it from closing
    done(error)
  }
  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  setTimeout(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
  /** What came before the end is still to be read; only then is it over. */
  #remoteClosed(): void {
    if (this.readableEnded || this.destroyed) this.destroy()
    else this.once('end', () => this.destroy())
  }
}
