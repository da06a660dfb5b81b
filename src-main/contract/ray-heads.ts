import * as z from 'zod'
import { MachineId } from './machines.ts'

/** How the certificate of an https address is judged. `system`: as this computer judges all others. */
export const RayTrust = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('system') }),
  /** Certificates of who may sign it, as PEM. */
  z.strictObject({
    kind: z.literal('ca'),
    pem: z
      .string()
      .max(1024 * 1024)
      .regex(/-----BEGIN CERTIFICATE-----/, 'must be a certificate in PEM form'),
  }),
  /** Of that very certificate, whoever signed it. */
  z.strictObject({
    kind: z.literal('fingerprint'),
    sha256: z
      .string()
      .max(128)
      .regex(/^(?:sha-?256[:=])?(?:[0-9a-f]{2}:?){32}$/i, 'must be a SHA-256 fingerprint: 64 hex digits, with or without colons'),
  }),
])
export type RayTrust = z.infer<typeof RayTrust>

/** The head of a cluster of Ray that others made. Its token is kept with the secrets, never here. */
export const RayHead = z.object({
  /** `http://host:port` or `https://host:port`, with a path where a proxy puts it below one. As seen from `via`. */
  url: z.string().max(2_048),
  /** The machine through which it is reached; null: from the panel's computer. */
  via: MachineId.nullable(),
  trust: RayTrust,
})
export type RayHead = z.infer<typeof RayHead>

/** A token of Ray: letters without blanks. */
export const RayToken = z
  .string()
  .max(4_096)
  .regex(/^[\x21-\x7e]+$/, 'must be letters and digits without blanks')

/** What stands at an address. */
export const RayPlan = z.object({
  /** As it was understood. */
  url: z.string(),
  rayVersion: z.string().nullable(),
  /** Null where an older Ray, or something before it, does not say. */
  wantsToken: z.boolean().nullable(),
  /** Nodes that are alive; null where it was not let in. */
  nodes: z.int().min(0).nullable(),
  /** Of an https address. */
  certificate: z
    .object({ sha256: z.string(), subject: z.string(), issuer: z.string(), validTo: z.string(), isTrusted: z.boolean() })
    .nullable(),
  missing: z.array(z.object({ what: z.string(), why: z.string() })).max(64),
  /** Why it cannot be connected to as things are; null: it can. */
  problem: z.object({ code: z.string(), message: z.string() }).nullable(),
})
export type RayPlan = z.infer<typeof RayPlan>
