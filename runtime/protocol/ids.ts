import * as z from 'zod'
import { idLengths, type IdKind } from '../base/ids.ts'

const hexId = (kind: IdKind) => z.string().regex(new RegExp(`^[0-9a-f]{${idLengths[kind]}}$`))

export const JobId = hexId('job')
export const ActorId = hexId('actor')
export const TaskId = hexId('task')
export const ObjectId = hexId('object')
export const NodeId = hexId('node')
export const WorkerId = hexId('worker')
export const GroupId = hexId('group')

/** Sha256 of what a function or class captures, as hex: the same function is shipped once per cluster. */
export const FunctionId = z.string().regex(/^[0-9a-f]{64}$/)
/** Made by whoever asks, unique for that asker; a repeated request with the same id is the same request. */
export const RequestId = z.string().min(1).max(64)
export const LeaseId = z.string().min(1).max(96)
