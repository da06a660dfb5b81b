import * as z from 'zod'
import { ClusterError, type ErrorCode, toError } from '../base/errors.ts'
import { Code } from './failures.ts'
import { NodeId, WorkerId } from './ids.ts'
import { lazyObject } from './lazy-object.ts'

/** Raised when a peer of the version before could not understand what we send. */
export const protocolVersion = 1

/** Who opens a link. `peer-agent`: another node's agent; `owner`: a process that owns tasks; `tunnel`: bytes piped on to `target`; `join`: no certificate yet. */
export const linkRoles = ['agent', 'worker', 'driver', 'peer-agent', 'owner', 'tunnel', 'join'] as const
export const LinkRole = z.enum(linkRoles)
export type LinkRole = z.infer<typeof LinkRole>

/** Short facts beside the named fields, such as a process id or a public key. */
export const HelloDetails = z
  .record(z.string().max(64), z.union([z.string().max(8_192), z.number(), z.boolean()]))
  .refine((details) => Object.keys(details).length <= 32, 'more than 32 details')
export type HelloDetails = z.infer<typeof HelloDetails>

/** dialer → listener. The first frame of every connection, as JSON: it must be readable by every version. */
export const Hello = lazyObject(() => ({
  type: z.literal('hello'),
  protocol: z.literal(protocolVersion),
  /** Of the software, for logs and for people. */
  version: z.string().min(1).max(64),
  role: LinkRole,
  nodeId: NodeId.optional(),
  workerId: WorkerId.optional(),
  clusterId: z.string().min(1).max(128).optional(),
  /** Only with role `join`, and only after the listener has proved itself. */
  token: z.string().max(512).optional(),
  /** Only with role `tunnel`: which worker's socket the bytes go to. */
  target: z.string().max(512).optional(),
  /** Counts the restarts of this node's agent; messages of an older one are dropped. */
  incarnation: z.int().min(0).optional(),
  details: HelloDetails.optional(),
}))
export type Hello = z.infer<typeof Hello>

/** listener → dialer. From here on the bytes are a link's frames, or a tunnel's. */
export const HelloAccepted = lazyObject(() => ({
  type: z.literal('hello.accepted'),
  protocol: z.literal(protocolVersion),
  version: z.string().min(1).max(64),
  nodeId: NodeId.optional(),
  clusterId: z.string().min(1).max(128).optional(),
  incarnation: z.int().min(0).optional(),
  details: HelloDetails.optional(),
}))
export type HelloAccepted = z.infer<typeof HelloAccepted>

/** listener → dialer. The connection closes after it. */
export const HelloRefused = lazyObject(() => ({ type: z.literal('hello.refused'), code: Code, reason: z.string().max(2_048) }))
export type HelloRefused = z.infer<typeof HelloRefused>

export type HelloReply = HelloAccepted | HelloRefused

/** What a hello of any version says. */
const Claimed = lazyObject(() => ({ type: z.literal('hello'), protocol: z.number(), role: z.string().max(64) }))

/** The payload of the first frame, either way. */
export function encodeHello(message: Hello | HelloReply): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message))
}

/**
 * Returns the hello of a dialer.
 * @throws ClusterError `protocol.version` for another version, `protocol.violation` naming the role or the field otherwise.
 */
export function parseHello(payload: Uint8Array): Hello {
  const message = parseJson(payload)
  const claimed = Claimed.safeParse(message)
  if (!claimed.success) throw violation(`the first frame is not a hello: ${firstIssue(claimed.error)}`)
  const { protocol, role } = claimed.data
  if (protocol !== protocolVersion) throw otherVersion(protocol)
  if (!LinkRole.safeParse(role).success) throw violation(`unknown role ${JSON.stringify(role)}; known are ${linkRoles.join(', ')}`)
  const hello = Hello.safeParse(message)
  if (!hello.success) throw violation(`bad hello: ${firstIssue(hello.error)}`)
  return hello.data
}

/**
 * Returns the answer of a listener that accepted.
 * @throws ClusterError with the listener's own code when it refused, `protocol.version` or `protocol.violation` when it does not speak our protocol.
 */
export function parseHelloReply(payload: Uint8Array): HelloAccepted {
  const message = parseJson(payload)
  const theirs = isRecord(message) && message['type'] === 'hello.accepted' ? message['protocol'] : undefined
  if (typeof theirs === 'number' && theirs !== protocolVersion) throw otherVersion(theirs)
  const refused = isRecord(message) && message['type'] === 'hello.refused' ? HelloRefused.safeParse(message) : undefined
  if (refused?.success) throw new ClusterError(refused.data.code, refused.data.reason)
  const accepted = HelloAccepted.safeParse(message)
  if (accepted.success) return accepted.data
  throw violation(`bad answer to our hello: ${firstIssue(refused?.error ?? accepted.error)}`)
}

export function refusal(error: unknown): HelloRefused {
  const code: ErrorCode = error instanceof ClusterError ? error.code : 'internal'
  return { type: 'hello.refused', code, reason: toError(error).message.slice(0, 2_048) }
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch (cause) {
    throw new ClusterError('protocol.violation', 'the first frame is not JSON; the peer does not speak our protocol', { cause })
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const violation = (message: string) => new ClusterError('protocol.violation', message)
const otherVersion = (theirs: number) =>
  new ClusterError(
    'protocol.version',
    `the peer speaks protocol ${theirs}, this process speaks ${protocolVersion}; run the same release on all nodes`,
    {
      details: { theirs, ours: protocolVersion },
    },
  )

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0]
  return issue === undefined ? 'no reason given' : `${issue.path.map(String).join('.') || 'message'}: ${issue.message}`
}
