import { toError } from '../../runtime/base/errors.ts'
import { frameScript, newMark } from './probe-frame.ts'
import type { ReachMachine } from './reachability.ts'

export type Listening = {
  /** `ours`: it answers with our word. `busy`: somebody listens there already. `none`: nothing can, `why` says why. */
  readonly state: 'ours' | 'busy' | 'none'
  readonly why: string
  /** Ends the listener. Never rejects: it ends by itself too. */
  end(): Promise<void>
}

const nodeListener = `
const [nonce, port, seconds] = process.argv.slice(1)
const server = require("net").createServer((socket) => socket.on("error", () => {}).end(nonce + "\\n"))
server.on("error", (error) => { console.log("failed " + error.code); process.exit(1) })
server.listen(Number(port), () => console.log("ready"))
setTimeout(() => process.exit(0), seconds * 1000)`

const pythonListener = `
import signal, socket, sys
nonce, port, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
signal.alarm(seconds)
try:
  try:
    server = socket.socket(socket.AF_INET6)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("::", port))
  except OSError:
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("", port))
  server.listen(128)
except OSError as error:
  print("failed", error); sys.exit(1)
print("ready"); sys.stdout.flush()
while True:
  try:
    peer, _ = server.accept()
    peer.sendall((nonce + "\\n").encode()); peer.close()
  except OSError: pass`

const perlListener = `
use Socket; $| = 1;
my ($nonce, $port, $seconds) = @ARGV;
alarm $seconds; $SIG{PIPE} = "IGNORE";
my ($server, $peer);
socket($server, PF_INET, SOCK_STREAM, 0) && setsockopt($server, SOL_SOCKET, SO_REUSEADDR, 1)
  && bind($server, sockaddr_in($port, INADDR_ANY)) && listen($server, 128) or do { print "failed $!\\n"; exit 1 };
print "ready\\n";
while (1) { accept($peer, $server) or next; syswrite $peer, "$nonce\\n"; close $peer }`

/** nc answers one connection and ends, so it is started again and again; whoever dials in between tries again. */
const listenScript = `${frameScript}
nonce=$1 port=$2 seconds=$3 node=$4
hex=$(printf '%04X' "$port")
if grep -hq "^ *[0-9]*: [0-9A-F]*:$hex 0*:0000 0A " /proc/net/tcp /proc/net/tcp6; then say state busy; exit; fi
serve() {
  if [ -x "$node" ]; then exec "$node" -e '${nodeListener}' "$nonce" "$port" "$seconds" </dev/null
  elif has python3; then exec python3 -B -c '${pythonListener}' "$nonce" "$port" "$seconds" </dev/null
  elif has perl; then exec perl -e '${perlListener}' "$nonce" "$port" "$seconds" </dev/null
  elif has nc || has busybox; then
    has nc && nc=nc || nc='busybox nc'
    case $($nc -h 2>&1 </dev/null) in *OpenBSD*) form=-N ;; *Ncat*) form= ;; *) form=-p ;; esac
    echo ready
    exec sh -c 'trap "kill \\$child; exit" TERM
until=$(($(date +%s) + $3))
while [ "$(date +%s)" -lt "$until" ]; do
  { echo "$1"; } | $4 -l $5 "$2" >/dev/null &
  child=$!
  wait || sleep 1
done' listener "$nonce" "$port" "$seconds" "$nc" "$form" </dev/null
  else echo none
  fi
}
serve 2>/dev/null | {
  read -r word why
  case $word in ready) say state ours ;; none) say state none; say end ;; *) say state failed; say why "$why" ;; esac
  cat >/dev/null
}
say end
`

/** Only processes of this user that have our word in their command line. */
const endScript = `${frameScript}
for file in $(grep -ls -F -e "$1" /proc/[0-9]*/cmdline); do
  pid=\${file#/proc/}; pid=\${pid%/cmdline}
  [ "$pid" = "$$" ] || kill "$pid"
done
`

/** Resolves once it listens, or once it is known that it will not. */
export async function startListening(
  { connection, port, nodePath }: ReachMachine,
  options: { nonce: string; limitSeconds: number; signal: AbortSignal | undefined },
): Promise<Listening> {
  const { nonce, limitSeconds, signal } = options
  const mark = newMark()
  let running: Promise<unknown> = Promise.resolve()
  const end = async () => {
    try {
      await connection.script(endScript, [newMark(), nonce], { timeoutMs: 10_000 })
      await running
    } catch {
      // the connection is gone, or the machine hangs: its time limit ends it
    }
  }
  const said = await new Promise<{ state: string; why: string }>((resolve) => {
    const lines = (line: string) => {
      const state = line.includes(`${mark} state `) ? line.slice(line.indexOf(mark)).split(' ')[2] : undefined
      if (state !== undefined) resolve({ state, why: '' })
    }
    running = connection
      .script(listenScript, [mark, nonce, String(port), String(limitSeconds), nodePath ?? ''], {
        onLine: lines,
        timeoutMs: (limitSeconds + 10) * 1_000,
        ...(signal ? { signal } : {}),
      })
      .then(
        () => resolve({ state: 'none', why: 'the listener ended at once' }),
        (error: unknown) => resolve({ state: 'none', why: toError(error).message }),
      )
  })
  if (said.state === 'ours') return { state: 'ours', why: '', end }
  const nothing = async () => {}
  if (said.state === 'busy') return { state: 'busy', why: '', end: nothing }
  const why =
    said.why || (said.state === 'failed' ? 'our listener could not take the port' : 'it has nothing that could listen for the test')
  return { state: 'none', why, end: nothing }
}
