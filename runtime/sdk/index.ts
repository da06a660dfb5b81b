// The one barrel of the repository: what programs import as `shoal`.
export { ClusterError, type ErrorCode } from '../base/errors.ts'
export type { Duration } from '../base/duration.ts'
export { ActorClass, type ActorHandle, type ActorMethod, actor, exitActor, getActor, kill, listNamedActors } from './actor.ts'
export type { ClusterNode, GroupInfo, PlacementGroupOptions, PlacementGroupStrategy, RuntimeContext } from './cluster-types.ts'
export {
  ActorAlreadyExistsError,
  ActorDiedError,
  ActorError,
  ActorUnavailableError,
  ActorUnschedulableError,
  GetTimeoutError,
  NodeDiedError,
  ObjectFetchTimedOutError,
  ObjectFreedError,
  ObjectLostError,
  ObjectReconstructionFailedError,
  ObjectStoreFullError,
  OutOfDiskError,
  OutOfMemoryError,
  OwnerDiedError,
  PendingCallsLimitError,
  PlacementGroupRemovedError,
  StreamingGeneratorReplayInconsistentError,
  TaskCancelledError,
  TaskError,
  TaskUnschedulableError,
  WorkerCrashedError,
} from './errors.ts'
export {
  availableResources,
  clusterResources,
  init,
  type InitOptions,
  isInitialized,
  nodes,
  runtimeContext,
  shutdown,
  timeline,
} from './cluster.ts'
export { ObjectRef, type ObjectRefGenerator } from './object-ref.ts'
export { cancel, free, get, put, wait } from './objects.ts'
export type { ActorOptions, MethodOptions, SchedulingStrategy, TaskOptions } from './options.ts'
export { PlacementGroup, placementGroup, placementGroups, removePlacementGroup } from './placement-group.ts'
export { RemoteFunction, remote } from './remote.ts'
