import { payloadFolder } from '../paths.ts'
import { scriptOf } from './shell-text.ts'

const dialWithinMs = 5_000

type Dial = { readonly root: string; readonly sha256: string; readonly host: string; readonly port: number }

/** Opens a TCP connection from that machine with the payload's own Node. Says `dial open MS`, or the reason, such as `dial ETIMEDOUT`. */
export const dial = ({ root, sha256, host, port }: Dial): string =>
  scriptOf(
    { node: `${payloadFolder(root, sha256)}/bin/node`, host, port },
    `
"$node" -e '
const [host, port] = process.argv.slice(1)
const began = performance.now()
const socket = require("net").connect({ host, port: Number(port) })
const end = (word) => { console.log("dial " + word); process.exit(0) }
socket.setTimeout(${dialWithinMs}, () => end("ETIMEDOUT"))
socket.on("error", (error) => end(error.code ?? error.message))
socket.on("connect", () => end("open " + Math.round(performance.now() - began)))
' "$host" "$port" </dev/null`,
  )
