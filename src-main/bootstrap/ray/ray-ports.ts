/** The ports of a node of Ray, from the one that the cluster gives its nodes on. Other nodes must reach all but `runtimeEnv`. */
export const rayPorts = (agentPort: number) => ({
  nodeManager: agentPort,
  objectManager: agentPort + 1,
  agentGrpc: agentPort + 2,
  agentHttp: agentPort + 3,
  runtimeEnv: agentPort + 4,
  metrics: agentPort + 5,
  /** Of the head alone: where programs of Ray Client connect. */
  client: agentPort + 6,
})

/** Each worker process listens on one of them, as with `ray start` itself. */
export const rayWorkerPorts = { first: 10_002, last: 19_999 } as const
