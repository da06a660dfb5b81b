/** Where our things lie on a machine. All absolute, made of the machine's root folder. */

export const payloadFolder = (root: string, sha256: string): string => `${root}/runtime/${sha256}`

/** With the machine's id: where homes are shared, several machines get it at once. */
export const archiveFile = (root: string, sha256: string, machineId: string): string => `${root}/runtime/.${sha256}.${machineId}.tar.gz`

export const clusterFolder = (root: string, { clusterName, clusterId }: { clusterName: string; clusterId: string }): string =>
  `${root}/clusters/${clusterName}-${clusterId}`

/** `<root>/clusters/<cluster>/<host>` */
export const rootOfSession = (sessionFolder: string): string => sessionFolder.split('/').slice(0, -3).join('/')

export const joinTokenFile = (sessionFolder: string): string => `${sessionFolder}/join-token`

/** The head's own, from which those of the workers are copied. */
export const headJoinTokenFile = (sessionFolder: string): string => `${sessionFolder}/head/join-token`
