import ssh2, { type AnyAuthMethod, type AuthHandlerMiddleware, type KeyboardInteractiveAuthMethod, type ParsedKey, type Prompt } from 'ssh2'
import { ClusterError, toError } from '../../runtime/base/errors.ts'
import type { Questions, SshTarget } from './host-connection.ts'
import { type KeyFile, keyName, openKey, readKeyFile } from './key-files.ts'
import { logInFailed, type LogInRecord } from './log-in-failed.ts'
import { listAgentKeys, OneKeyAgent, type Sign, signWithAgent } from './one-key-agent.ts'

const maxAnswers = 3
const maxKeys = 64

/** What the server said to the last try. `isPartial`: it was right, and more is wanted. */
type Answer = { readonly offered: readonly string[]; readonly isPartial: boolean }
type Prompter = KeyboardInteractiveAuthMethod['prompt']
type Candidate = { readonly publicKey: Buffer | undefined; readonly sign: Sign; readonly what: string; readonly file: KeyFile | undefined }

/**
 * What was found out about the ways into one host. It outlives a connection: a server that has had enough tries hangs up,
 * and the next connection goes on where this one ended.
 */
export class LogInMemory {
  readonly record: LogInRecord = { agentKeys: 0, tried: [], notes: [], offered: [], passwordsRefused: 0, answersRefused: 0, lockedKeys: [] }
  /** Keys that the server does not want, or that cannot be opened. */
  readonly refusedKeys = new Set<string>()
  readonly openedKeys = new Map<string, ParsedKey>()
  passwordsAsked = 0
  interactiveAsked = 0
  isWithoutPassword = false
  isWithoutAnswers = false
  /** An answer that came when its connection was gone already. */
  unusedPassword: string | undefined
}

type LogInIo = {
  readonly target: SshTarget
  readonly questions: Questions
  readonly memory: LogInMemory
  /** Stops the clocks of the connection while a person thinks. */
  readonly whileAsking: <T>(question: Promise<T>) => Promise<T>
  readonly isOver: () => boolean
  readonly onFailed: (error: ClusterError) => void
}

/** Tries the ways into a host in order: agent, keys, keyboard-interactive, password. One for each connection. */
export class LogIn {
  readonly #io: LogInIo
  readonly #memory: LogInMemory
  #next: ((method: AnyAuthMethod) => void) | undefined
  #onAnswer: ((answer: Answer) => void) | undefined
  /** What is on its way, so that a server that hangs up over a key is not shown it again. */
  #inFlight: { readonly key?: string; readonly isPassword?: boolean } = {}
  constructor(io: LogInIo) {
    this.#io = io
    this.#memory = io.memory
  }

  /** To be given to ssh2, which calls it at first and after each refusal. */
  readonly handler: AuthHandlerMiddleware = (offered, isPartial, next) => {
    if (this.#next) {
      this.#onAnswer?.({ offered: offered ?? [], isPartial: isPartial === true })
      return
    }
    this.#next = next
    this.#run().then(
      () => this.#io.onFailed(logInFailed(this.#io.target, this.#memory.record)),
      (error: unknown) => this.#io.onFailed(unexpected(this.#io.target, error)),
    )
  }

  /** The server hung up, saying that this were too many tries. True: there may be ways left for another connection. */
  noteTooManyTries(): void {
    if (this.#inFlight.key !== undefined) this.#memory.refusedKeys.add(this.#inFlight.key)
    if (this.#inFlight.isPassword) this.#memory.record.passwordsRefused += 1
  }

  async #run(): Promise<void> {
    let answer = await this.#try({ type: 'none', username: this.#io.target.user })
    for (let round = 0; round < 4; round += 1) {
      this.#memory.record.offered = answer.offered
      const partial = await this.#oneRound(answer.offered)
      if (!partial) return
      answer = partial // one of several proofs was right; on with those that the server wants now
    }
  }

  async #oneRound(offered: readonly string[]): Promise<Answer | undefined> {
    const { ways } = this.#io.target
    if (offered.includes('publickey')) {
      const partial = await this.#tryKeys()
      if (partial) return partial
    }
    const isPasswordByPrompt = ways.has('password') && !offered.includes('password')
    if (offered.includes('keyboard-interactive') && (ways.has('keyboard-interactive') || isPasswordByPrompt)) {
      const partial = await this.#tryInteractive()
      if (partial) return partial
    }
    if (offered.includes('password') && ways.has('password')) return this.#tryPassword()
    return undefined
  }

  async #tryKeys(): Promise<Answer | undefined> {
    for (const candidate of await this.#candidates()) {
      const partial = await this.#tryKey(candidate)
      if (partial) return partial
    }
    return undefined
  }

  async #tryKey(candidate: Candidate): Promise<Answer | undefined> {
    const publicKey = candidate.publicKey ?? (candidate.file && (await this.#openWithPassphrase(candidate.file))?.getPublicSSH())
    if (!publicKey) return undefined
    const name = publicKey.toString('base64')
    if (this.#memory.refusedKeys.has(name)) return undefined
    this.#memory.record.tried.push(candidate.what)
    const agent = new OneKeyAgent(publicKey, candidate.sign)
    this.#inFlight = { key: name }
    const answer = await this.#try({ type: 'agent', username: this.#io.target.user, agent })
    this.#inFlight = {}
    this.#memory.refusedKeys.add(name) // also when it was right: it is not wanted twice
    if (agent.failure) {
      this.#note(`${candidate.what}: ${agent.failure.message}`)
      return undefined
    }
    if (!agent.wasWanted) return undefined
    // ssh2 keeps to itself what the server says to a signature of an agent; asking again tells whether more is wanted now.
    const now = await this.#try({ type: 'none', username: this.#io.target.user })
    const isSame = now.offered.join() === answer.offered.join()
    return isSame ? undefined : { offered: now.offered, isPartial: true }
  }

  async #candidates(): Promise<Candidate[]> {
    const { ways, keyFiles } = this.#io.target
    const files = ways.has('key') || this.#io.target.isAgentLimitedToKeyFiles ? await this.#readKeys(keyFiles) : []
    const ofAgent = ways.has('agent') ? await this.#agentKeys(files) : []
    const held = new Set(ofAgent.map((candidate) => candidate.publicKey?.toString('base64')))
    const left = files.filter((file) => !file.publicKey || !held.has(file.publicKey.toString('base64')))
    for (const file of left) if (file.isPublicOnly) this.#note(`${file.file} is a public key, and the agent does not hold the private one`)
    const ofFiles = ways.has('key') ? left.filter((file) => !file.isPublicOnly) : []
    const inOrder = [...ofFiles.filter((file) => !file.isEncrypted), ...ofFiles.filter((file) => file.isEncrypted)]
    return [...ofAgent, ...inOrder.map((file) => this.#candidateOf(file))].slice(0, maxKeys)
  }

  #candidateOf(file: KeyFile): Candidate {
    const sign: Sign = async (data, hash) => {
      const key = file.isEncrypted ? await this.#openWithPassphrase(file) : openKey(file)
      if (!key) throw new Error('it could not be opened')
      const signature: Buffer | Error = key.sign(data, hash)
      if (signature instanceof Error) throw signature
      return signature
    }
    return { publicKey: file.publicKey, sign, what: `key ${file.file}`, file }
  }

  async #readKeys(keyFiles: readonly string[]): Promise<KeyFile[]> {
    const found: KeyFile[] = []
    for (const file of keyFiles.slice(0, maxKeys)) {
      try {
        const key = await readKeyFile(file)
        if (key) found.push(key)
        else this.#note(`no file ${file}`)
      } catch (error) {
        this.#note(`key ${file} cannot be used: ${toError(error).message}`)
      }
    }
    return found
  }

  async #agentKeys(files: readonly KeyFile[]): Promise<Candidate[]> {
    const { agentSocket, isAgentLimitedToKeyFiles } = this.#io.target
    if (agentSocket === undefined) return []
    try {
      const agent = ssh2.createAgent(agentSocket)
      const keys = await listAgentKeys(agent)
      const wanted = isAgentLimitedToKeyFiles ? keys.filter((key) => files.some((file) => file.publicKey?.equals(key))) : keys
      this.#memory.record.agentKeys = wanted.length
      return wanted.map((publicKey) => ({
        publicKey,
        sign: signWithAgent(agent, publicKey),
        what: `key ${keyName(publicKey)} of the agent`,
        file: undefined,
      }))
    } catch (error) {
      this.#note(`the ssh-agent at ${agentSocket} gives no keys: ${toError(error).message}`)
      return []
    }
  }

  async #openWithPassphrase(file: KeyFile): Promise<ParsedKey | undefined> {
    const before = this.#memory.openedKeys.get(file.file)
    if (before) return before
    for (let attempt = 0; attempt < maxAnswers; attempt += 1) {
      const asked = this.#io.questions.passphrase({ target: this.#io.target, keyFile: file.file, attempt })
      const passphrase = await this.#io.whileAsking(asked)
      if (passphrase === undefined) {
        this.#lock(file, attempt === 0 ? 'no passphrase was given' : 'the passphrase was wrong')
        return undefined
      }
      const key = openKey(file, passphrase)
      if (key) {
        this.#memory.openedKeys.set(file.file, key)
        return key
      }
      if (this.#io.isOver()) return undefined // the next connection asks on
    }
    this.#lock(file, `the passphrase was wrong ${maxAnswers} times`)
    return undefined
  }

  #lock(file: KeyFile, why: string): void {
    this.#memory.record.lockedKeys.push(`${file.file} is encrypted, and ${why}`)
    if (file.publicKey) this.#memory.refusedKeys.add(file.publicKey.toString('base64'))
  }

  async #tryInteractive(): Promise<Answer | undefined> {
    const memory = this.#memory
    while (memory.interactiveAsked < maxAnswers && !memory.isWithoutAnswers && !this.#io.isOver()) {
      memory.interactiveAsked += 1
      const answer = await this.#interactiveOnce()
      if (answer === undefined || answer.isPartial) return answer
      if (memory.record.tried.includes('password')) memory.record.passwordsRefused += 1
      else memory.record.answersRefused += 1
    }
    return undefined
  }

  /** Undefined: nobody has answers; the server is left without, and the next way is tried. */
  #interactiveOnce(): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      const prompt: Prompter = (...[name, instructions, , prompts, finish]) => {
        void this.#answersTo({ name, instructions, prompts }).then(
          (answers) => (answers ? finish([...answers]) : resolve(undefined)),
          (error: unknown) => this.#io.onFailed(unexpected(this.#io.target, error)),
        )
      }
      void this.#try({ type: 'keyboard-interactive', username: this.#io.target.user, prompt }).then(resolve)
    })
  }

  async #answersTo(asked: { name: string; instructions: string; prompts: readonly Prompt[] }): Promise<readonly string[] | undefined> {
    const { target, questions } = this.#io
    const only = asked.prompts.length === 1 ? asked.prompts[0] : undefined
    // Most servers ask for the plain password this way; who has it at hand need not be asked.
    if (only && only.echo !== true && target.ways.has('password') && /^\W*(\S+'s )?password\W*$/i.test(only.prompt)) {
      const password = await this.#askPassword()
      if (password !== undefined) {
        this.#triedOnce('password')
        return [password]
      }
      if (!target.ways.has('keyboard-interactive')) return undefined
    }
    const prompts = asked.prompts.map(({ prompt, echo }) => ({ prompt, isEchoed: echo === true }))
    const question = questions.keyboardInteractive({ target, name: asked.name, instructions: asked.instructions, prompts })
    const answers = await this.#io.whileAsking(question)
    if (answers === undefined) this.#memory.isWithoutAnswers = true
    else this.#triedOnce('keyboard-interactive')
    return answers && prompts.map((_prompt, index) => answers[index] ?? '')
  }

  async #tryPassword(): Promise<Answer | undefined> {
    while (!this.#io.isOver()) {
      const password = await this.#askPassword()
      if (password === undefined) return undefined
      this.#triedOnce('password')
      this.#inFlight = { isPassword: true }
      const answer = await this.#try({ type: 'password', username: this.#io.target.user, password })
      this.#inFlight = {}
      if (answer.isPartial) return answer
      this.#memory.record.passwordsRefused += 1
    }
    return undefined
  }

  async #askPassword(): Promise<string | undefined> {
    const memory = this.#memory
    const kept = memory.unusedPassword
    memory.unusedPassword = undefined
    if (kept !== undefined) return kept
    if (memory.isWithoutPassword || memory.passwordsAsked >= maxAnswers) return undefined
    const password = await this.#io.whileAsking(this.#io.questions.password({ target: this.#io.target, attempt: memory.passwordsAsked }))
    memory.passwordsAsked += 1
    if (password === undefined) memory.isWithoutPassword = true
    else if (this.#io.isOver()) memory.unusedPassword = password
    return password
  }

  /** Resolves when the server refused it; when it is right or the link breaks, never. */
  #try(method: AnyAuthMethod): Promise<Answer> {
    return new Promise((resolve) => {
      this.#onAnswer = resolve
      if (!this.#io.isOver()) this.#next?.(method)
    })
  }

  #triedOnce(what: string): void {
    if (!this.#memory.record.tried.includes(what)) this.#memory.record.tried.push(what)
  }

  #note(text: string): void {
    const { notes } = this.#memory.record
    if (notes.length < 32 && !notes.includes(text)) notes.push(text)
  }
}

/** A store of secrets says itself why it has no answer. */
function unexpected(target: SshTarget, error: unknown): ClusterError {
  if (error instanceof ClusterError) return error
  return new ClusterError('ssh.auth-failed', `logging in to ${target.name} broke off: ${toError(error).message}`, { cause: error })
}
