import type { ErrorCode, ErrorDetails } from '../../base/errors.ts'
import type { HeadRequest } from '../../protocol/clients.ts'
import type { EventBatch } from '../../protocol/events.ts'
import type { NodeRegister, ToAgentFromHead, ToHeadFromAgent } from '../../protocol/nodes.ts'
import type { SavedRow, TableName } from './rows.ts'
import type { HeadState } from './state.ts'
import type { SubmissionRequest } from './submission-requests.ts'

/** What the shell answers without asking the core. */
export type ShellRequest = Extract<HeadRequest, { type: `kv.${string}` | 'events.read' }>
export type CoreRequest = Exclude<HeadRequest, ShellRequest> | SubmissionRequest

/** `linkId` tells links of one node apart: what an older one still brings is dropped. `requestKey` is the shell's, for its answer. */
export type HeadEvent = { readonly nowMs: number } & (
  | { readonly type: 'agent.registered'; readonly linkId: number; readonly requestKey: number; readonly register: NodeRegister }
  | {
      readonly type: 'agent.message'
      readonly linkId: number
      readonly nodeId: string
      readonly message: Exclude<ToHeadFromAgent, EventBatch>
    }
  | { readonly type: 'agent.link-closed'; readonly linkId: number; readonly nodeId: string }
  | {
      readonly type: 'client.request'
      readonly from: { readonly nodeId: string; readonly workerId?: string }
      readonly requestKey: number
      readonly request: CoreRequest
    }
  /** An operator wants the node to leave; asked for by the HTTP API or the autoscaler. */
  | { readonly type: 'node.drain'; readonly nodeId: string; readonly reason: string; readonly deadlineMs: number }
  /** First event after a restart: everything that was saved. */
  | { readonly type: 'state.loaded'; readonly rows: readonly SavedRow[] }
  | { readonly type: 'tick' }
)

/**
 * What the shell must do. It commits every `save` and `delete` of a step before it performs the rest of it, in order,
 * so that nobody hears of what a crash could still take back.
 */
export type HeadCommand =
  | { readonly type: 'save'; readonly row: SavedRow }
  | { readonly type: 'delete'; readonly table: TableName; readonly key: string }
  | { readonly type: 'send'; readonly nodeId: string; readonly message: ToAgentFromHead }
  | { readonly type: 'reply'; readonly requestKey: number; readonly value: unknown }
  | {
      readonly type: 'fail'
      readonly requestKey: number
      readonly code: ErrorCode
      readonly message: string
      readonly details: ErrorDetails
    }
  /** The node has a newer link, or is dead. */
  | { readonly type: 'close-link'; readonly linkId: number }
  /** A submitted job came, changed or went. */
  | { readonly type: 'submission-changed'; readonly submissionId: string }
  /** For the log and the event stream. */
  | { readonly type: 'note'; readonly event: string; readonly fields: Readonly<Record<string, string | number>> }

/** One step under way: handed to every move. */
export type Turn = { readonly state: HeadState; readonly nowMs: number; readonly out: HeadCommand[] }

/** Sends to a node whose link is open; to another, does nothing: registering again brings it up to date. */
export function send(turn: Turn, nodeId: string, message: ToAgentFromHead): void {
  if (turn.state.nodes.get(nodeId)?.phase.kind === 'linked') turn.out.push({ type: 'send', nodeId, message })
}

export function broadcast(turn: Turn, message: ToAgentFromHead): void {
  for (const node of turn.state.livingNodes) send(turn, node.nodeId, message)
}

export const reply = (turn: Turn, requestKey: number, value: unknown): void => void turn.out.push({ type: 'reply', requestKey, value })

export type Refusal = { readonly code: ErrorCode; readonly message: string; readonly details?: ErrorDetails }
export const fail = (turn: Turn, requestKey: number, { code, message, details = {} }: Refusal): void =>
  void turn.out.push({ type: 'fail', requestKey, code, message, details })

export const note = (turn: Turn, event: string, fields: Readonly<Record<string, string | number>>): void =>
  void turn.out.push({ type: 'note', event, fields })
