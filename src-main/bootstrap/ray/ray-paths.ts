import { createHash } from 'node:crypto'

/** The environment of Python with that Ray. Those of two versions lie side by side while a cluster is upgraded. */
export const rayEnvironment = (sessionFolder: string, version: string): string => `${sessionFolder}/ray-${version}`

/** Started by hand, by systemd and by cron alike: it holds all that Ray is told, and ends when Ray does. */
export const rayProgram = (sessionFolder: string): string => `${sessionFolder}/ray-node`

/** What that program says, and Ray through it. */
export const rayLog = (sessionFolder: string): string => `${sessionFolder}/logs/ray.log`

/** Ray's own folder, for logs, sockets and what is spilled. Sockets want short paths, so it lies in /tmp: `/tmp/shoal-<uid>-r-<this>`. */
export const rayFolderHash = (sessionFolder: string): string => createHash('sha256').update(sessionFolder).digest('hex').slice(0, 12)

/** The wheels that came from the panel's computer; gone once they are installed. */
export const wheelsFile = (sessionFolder: string): string => `${sessionFolder}/.wheels.tar`
