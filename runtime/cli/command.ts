import { ClusterError } from '../base/errors.ts'
import { invariant } from '../base/invariant.ts'

/** What was typed is wrong: exit code 2. Everything else that goes wrong is 1. */
export class UsageError extends ClusterError {
  constructor(message: string) {
    super('bad-argument', message)
  }
}

/** A flag without `value` is a switch. */
export type Flag = {
  /** What stands for its value in the help, such as `HOST:PORT`. */
  readonly value?: string
  readonly help: string
}
export type Flags = Readonly<Record<string, Flag>>

/** Where a command writes and what it is told from outside. */
export type Terminal = {
  /** One line, or several, to standard output. Control characters in it are shown, not carried out. */
  print(text: string): void
  /** The same to standard error. */
  warn(text: string): void
  readonly isJson: boolean
  readonly isInteractive: boolean
  /** Runs once when somebody asks us to end; a second time ends the process at once. */
  onInterrupt(stop: () => void): void
}

/** Carries a command out; resolves with the exit code. */
export type Run = (terminal: Terminal) => Promise<number>

export type Command = {
  readonly name: string
  readonly summary: string
  /** How it is called, one line for each way. */
  readonly usage: readonly string[]
  readonly flags: Flags
  /** Of a noun: its commands. */
  readonly subcommands?: readonly { readonly name: string; readonly summary: string }[]
  /** Printed below the flags. */
  readonly notes?: readonly string[]
  /** Whole command lines, printed last. */
  readonly examples?: readonly string[]
  /** Words that are no flags may stand anywhere; they come as `program`. */
  readonly takesWords?: true
  /** Checks what was typed; `program` is a program and its arguments where the command takes one. @throws UsageError naming the flag and the value. */
  readonly prepare: (values: FlagValues, program: readonly string[]) => Run
}

/** A command before its code is loaded. */
export type CommandEntry = {
  readonly name: string
  readonly summary: string
  /** Where it works, by which the help groups commands. */
  readonly part: 'panel' | 'node' | 'api'
  readonly load: () => Promise<Command>
  /** The first word after its flags names a program, and what follows that is the program's. */
  readonly takesProgram?: true
  /** What follows its first word is the command's own all the same. */
  readonly ownsWords?: true
  /** Its first word names one of its own commands. */
  readonly isNoun?: true
}

export const commonFlags = {
  'temp-dir': { value: 'DIR', help: 'folder of this node: logs, sockets, certificates. Default: SHOAL_TEMP_DIR, else /tmp/shoal-<uid>' },
  json: { help: 'print JSON for programs' },
} as const satisfies Flags

/** What was typed, by flag. */
export class FlagValues {
  readonly #flags: Flags
  readonly #values: ReadonlyMap<string, string>
  constructor(flags: Flags, values: ReadonlyMap<string, string>) {
    this.#flags = flags
    this.#values = values
  }
  has(name: string): boolean {
    invariant(name === 'json' || name in this.#flags, `flag ${name} is in the command's table`)
    return this.#values.has(name)
  }
  find(name: string): string | undefined {
    invariant(this.#flags[name]?.value !== undefined, `flag ${name} takes a value`)
    return this.#values.get(name)
  }
}
