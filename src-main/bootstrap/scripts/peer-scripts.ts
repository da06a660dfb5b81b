import { archiveFile, payloadFolder } from '../paths.ts'
import { quoteForShell } from '../../ssh/shell-quote.ts'
import { scriptOf } from './shell-text.ts'

const longestServiceMs = 2 * 60 * 60_000

/**
 * A file server for one file, run by the payload's Node. Standard input brings its settings as one line, and its end ends it: so it goes with
 * the SSH channel, and its path stands in no list of processes. Says `serving PORT`.
 */
const serverProgram = `
const fs = require("fs")
let text = "", server
process.stdin.setEncoding("utf8").on("data", (chunk) => { text += chunk; if (!server && text.includes("\\n")) serve(JSON.parse(text)) })
process.stdin.on("end", () => process.exit(0)).on("error", () => process.exit(0))
setTimeout(() => process.exit(0), ${longestServiceMs})
function serve({ path, file, ports, fetches }) {
  let left = fetches
  server = require("http").createServer((request, answer) => {
    if (request.method !== "GET" || request.url !== path || left-- <= 0) return void answer.writeHead(404).end()
    const { size } = fs.statSync(file)
    answer.writeHead(200, { "content-type": "application/gzip", "content-length": size, connection: "close" })
    fs.createReadStream(file).on("error", () => answer.destroy()).pipe(answer)
  })
  const listen = () => server.listen(ports.shift() ?? 0, "0.0.0.0")
  server.on("error", (error) => error.code === "EADDRINUSE" || error.code === "EACCES" ? listen() : process.exit(1))
  server.on("listening", () => console.log("serving " + server.address().port))
  listen()
}`

type Server = { readonly root: string; readonly sha256: string }

/** As a command line that every shell reads the same, hence base64: its standard input is its own, so it is no script. */
export function peerServerCommand({ root, sha256 }: Server): string {
  const program = `eval(Buffer.from("${Buffer.from(serverProgram).toString('base64')}","base64").toString())`
  return `${quoteForShell(`${payloadFolder(root, sha256)}/bin/node`)} -e ${quoteForShell(program)}`
}

type Settings = { readonly path: string; readonly file: string; readonly ports: readonly number[]; readonly fetches: number }

export const peerServerInput = (settings: Settings): string => `${JSON.stringify(settings)}\n`

type Fetch = {
  readonly root: string
  readonly sha256: string
  readonly machineId: string
  readonly host: string
  readonly port: number
  readonly path: string
}

/** Slower than this for 15 s is given up: this computer is the better source then. */
const slowestBytesPerSecond = 100_000

/** Fetches the archive from a peer with what the machine has for that, and takes it only with the right checksum. */
export const fetchArchive = ({ root, sha256, machineId, host, port, path }: Fetch): string =>
  scriptOf(
    { archive: archiveFile(root, sha256, machineId), host, port, path, hash: sha256 },
    `
umask 077
fresh=$archive.fetch
case $host in *:*) url="http://[$host]:$port$path" ;; *) url="http://$host:$port$path" ;; esac
rm -f "$fresh"
if command -v curl >/dev/null 2>&1; then
  curl -sS --noproxy '*' --fail --connect-timeout 5 --speed-limit ${slowestBytesPerSecond} --speed-time 15 -o "$fresh" "$url" </dev/null
elif command -v wget >/dev/null 2>&1; then
  once=; wget --help 2>&1 | grep -q -e --tries && once='-t 1' # busybox has no such flag, and tries once
  env -u http_proxy wget -q -T 10 $once -O "$fresh" "$url" </dev/null
elif command -v python3 >/dev/null 2>&1; then
  python3 -c 'import shutil, sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
with opener.open(sys.argv[1], timeout=10) as source, open(sys.argv[2], "wb") as file: shutil.copyfileobj(source, file, 1 << 20)' "$url" "$fresh" </dev/null
elif command -v bash >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1; then
  timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/$2"' bash "$host" "$port" </dev/null &&
    timeout 600 bash -c 'exec 3<>"/dev/tcp/$1/$2" && printf "GET %s HTTP/1.0\\r\\n\\r\\n" "$3" >&3 && while IFS= read -r line <&3 && [ "$line" != "$(printf "\\r")" ]; do :; done && cat <&3' bash "$host" "$port" "$path" >"$fresh" </dev/null
else
  echo 'it has no curl, wget, python3 or bash to fetch with' >&2; exit 3
fi
code=$?
if [ "$code" != 0 ]; then rm -f "$fresh"; echo "fetching from $host:$port ended with $code" >&2; exit 4; fi
sum=$(sha256sum "$fresh" 2>/dev/null); sum=\${sum%% *}
if [ "$sum" != "$hash" ]; then rm -f "$fresh"; echo "what came from $host:$port has another checksum" >&2; exit 5; fi
mv -f "$fresh" "$archive"`,
  )
