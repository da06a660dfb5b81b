import * as z from 'zod'
import { MachineId } from './machines.ts'

export const QuestionId = z.string().regex(/^q-[0-9a-f]{16}$/)

const common = {
  id: QuestionId,
  askedAtMs: z.number(),
  /** The machine that we were on the way to; null for a jump host that is none of ours. */
  machineId: MachineId.nullable(),
  /** `user@host:port`, or the address of a Ray head. */
  where: z.string().max(2_048),
}

/** What a connection must know from a person before it can go on. It waits until somebody answers, or nobody does in time. */
export const Question = z.discriminatedUnion('kind', [
  z.object({ ...common, kind: z.literal('host-key'), keyType: z.string(), fingerprint: z.string() }),
  z.object({ ...common, kind: z.literal('password'), attempt: z.int(), canKeep: z.boolean() }),
  z.object({ ...common, kind: z.literal('passphrase'), keyFile: z.string(), attempt: z.int(), canKeep: z.boolean() }),
  /** Of a Ray head, whose address is in `where`; `cluster` is the name of its cluster. */
  z.object({ ...common, kind: z.literal('token'), cluster: z.string(), attempt: z.int(), canKeep: z.boolean() }),
  z.object({
    ...common,
    kind: z.literal('keyboard-interactive'),
    name: z.string().max(1_024),
    instructions: z.string().max(8_192),
    prompts: z.array(z.object({ prompt: z.string().max(1_024), isEchoed: z.boolean() })).max(32),
  }),
])
export type Question = z.infer<typeof Question>

export const QuestionAnswer = z.discriminatedUnion('kind', [
  /** `fingerprint` must be the one that was shown: nobody accepts a key that came meanwhile. */
  z.strictObject({ kind: z.literal('accept-host-key'), fingerprint: z.string().max(128) }),
  /** `keep`: in the keychain or vault, where one is used. */
  z.strictObject({ kind: z.literal('secret'), secret: z.string().max(4_096), keep: z.boolean().default(false) }),
  z.strictObject({ kind: z.literal('responses'), responses: z.array(z.string().max(4_096)).max(32) }),
  z.strictObject({ kind: z.literal('refuse') }),
])
export type QuestionAnswer = z.infer<typeof QuestionAnswer>
