import { toError } from '../../runtime/base/errors.ts'
import type { HostConnection } from '../ssh/host-connection.ts'

/** The connections of one operation: one for each machine, made when it is first needed and again after it broke. */
export class Connections {
  readonly #open = new Map<string, Promise<HostConnection>>()
  readonly #connect: (machineId: string) => Promise<HostConnection>
  readonly #onLost: (machineId: string, error: Error) => void

  constructor(connect: (machineId: string) => Promise<HostConnection>, onLost: (machineId: string, error: Error) => void) {
    this.#connect = connect
    this.#onLost = onLost
  }

  get(machineId: string): Promise<HostConnection> {
    const known = this.#open.get(machineId)
    if (known) return known
    const opening = this.#connect(machineId)
    this.#open.set(machineId, opening)
    const forget = () => {
      if (this.#open.get(machineId) === opening) this.#open.delete(machineId)
    }
    opening.then(
      (connection) =>
        connection.closed.then(
          (error) => {
            forget()
            if (error) this.#onLost(machineId, error)
          },
          (error: unknown) => {
            forget()
            this.#onLost(machineId, toError(error))
          },
        ),
      forget, // whoever asked for it gets the error
    )
    return opening
  }

  /** Undefined where there is none, or it is not ready: nothing is opened for this. */
  async find(machineId: string): Promise<HostConnection | undefined> {
    return this.#open.get(machineId)?.catch(() => undefined)
  }

  async close(machineId: string): Promise<void> {
    const opening = this.#open.get(machineId)
    this.#open.delete(machineId)
    const connection = await opening?.catch(() => undefined)
    connection?.close()
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((machineId) => this.close(machineId)))
  }
}
