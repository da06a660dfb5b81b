import { frameScript } from './probe-frame.ts'
import { quoted } from './scripts/shell-text.ts'

export type DialTarget = {
  readonly host: string
  readonly port: number
  /** Our listener is there: only its word counts. A refusal or an end without a word is tried again
   * while there is time, as nc answers one at a time. */
  readonly isOurs: boolean
}

/*
 * All dialers read lines `INDEX HOST PORT OURS` and print `INDEX VERDICT MS`. They are told by arguments: our word, ms for each, and how many
 * at once.
 */

const nodeDialer = `
const [nonce, timeoutMs, atOnce] = process.argv.slice(1)
const lines = require("fs").readFileSync(0, "utf8").trim().split("\\n")
const one = () => {
  const line = lines.shift()
  if (line === undefined) return
  const [index, host, port, ours] = line.split(" ")
  const until = performance.now() + Number(timeoutMs)
  const say = (word) => { console.log(index + " " + word); one() }
  const dial = () => {
    const began = performance.now()
    const socket = require("net").connect({ host, port: Number(port) })
    let text = "", ms = -1, isOver = false
    const over = (word) => { if (isOver) return; isOver = true; clearTimeout(timer); socket.destroy(); say(word) }
    const again = (word) => {
      if (isOver || ours !== "1" || until - performance.now() < 300) return over(word)
      isOver = true; clearTimeout(timer); socket.destroy(); setTimeout(dial, 200)
    }
    const timer = setTimeout(() => over(ms < 0 ? "timeout" : "other " + ms), Math.max(1, until - began))
    socket.on("connect", () => { ms = performance.now() - began; if (ours !== "1") over("open " + ms) })
    socket.on("data", (chunk) => { text += chunk; if (text.includes("\\n")) over((text.trim() === nonce ? "open " : "other ") + ms) })
    socket.on("end", () => text === "" ? again("other " + ms) : over("other " + ms))
    socket.on("error", (error) => {
      if (error.code === "ECONNREFUSED") again("refused")
      else if (error.code === "ECONNRESET" || error.code === "EPIPE") again("other " + ms)
      else over("error " + (error.code || error.message))
    })
  }
  dial()
}
for (let count = 0; count < Number(atOnce); count++) one()`

const pythonDialer = `
import errno, socket, sys, threading, time
nonce, limit, at_once = sys.argv[1], int(sys.argv[2]) / 1000.0, int(sys.argv[3])
lines = [line.split() for line in sys.stdin.read().strip().splitlines()]
lock = threading.Lock()
def dial(host, port, ours):
  until = time.time() + limit
  while True:
    began = time.time()
    try:
      peer = socket.create_connection((host, int(port)), max(0.05, until - began))
      ms = (time.time() - began) * 1000
      if ours != "1": peer.close(); return "open %f" % ms
      peer.settimeout(max(0.05, until - time.time()))
      try: said = peer.recv(200).decode("utf-8", "replace").strip()
      except Exception: said = ""
      peer.close()
      if said == "" and until - time.time() > 0.3: time.sleep(0.2); continue
      return ("open %f" if said == nonce else "other %f") % ms
    except socket.timeout: return "timeout"
    except EnvironmentError as error:
      if error.errno == errno.ETIMEDOUT: return "timeout"
      if error.errno != errno.ECONNREFUSED: return "error %s" % error
      if ours != "1" or until - time.time() < 0.3: return "refused"
      time.sleep(0.2)
def work():
  while True:
    with lock:
      if not lines: return
      index, host, port, ours = lines.pop(0)
    word = dial(host, port, ours)
    with lock: print(index + " " + word); sys.stdout.flush()
threads = [threading.Thread(target=work) for _ in range(min(at_once, len(lines)))]
for each in threads: each.start()
for each in threads: each.join()`

/** A process for each, as many at once as are allowed. */
const perlDialer = `
use Socket qw(:DEFAULT getaddrinfo); use Errno qw(ECONNREFUSED ETIMEDOUT EINPROGRESS); use Fcntl; use Time::HiRes qw(time sleep);
my ($nonce, $limit, $at_once) = @ARGV; $| = 1; $limit /= 1000;
sub dial { my ($host, $port, $ours) = @_; my $until = time + $limit;
  while (1) { my $began = time;
    my ($bad, $found) = getaddrinfo($host, $port, {socktype => SOCK_STREAM}); return "error $bad" if $bad;
    socket(my $peer, $found->{family}, SOCK_STREAM, 0) or return "error $!";
    fcntl($peer, F_SETFL, fcntl($peer, F_GETFL, 0) | O_NONBLOCK);
    my $done = connect($peer, $found->{addr}); my $code = $done ? 0 : $! + 0;
    if (!$done && $code == EINPROGRESS) { my $bits = ""; vec($bits, fileno($peer), 1) = 1;
      return "timeout" unless select(undef, $bits, undef, $until - time) > 0;
      $code = unpack "i", getsockopt($peer, SOL_SOCKET, SO_ERROR); }
    my $ms = (time - $began) * 1000;
    if ($code == 0) { return "open $ms" if $ours ne "1"; my $bits = ""; vec($bits, fileno($peer), 1) = 1; my $said = "";
      sysread $peer, $said, 200 if select($bits, undef, undef, $until - time) > 0; chomp $said;
      if ($said eq "" && $until - time > 0.3) { sleep 0.2; next }
      return ($said eq $nonce ? "open " : "other ") . $ms }
    return "timeout" if $code == ETIMEDOUT;
    if ($code != ECONNREFUSED) { $! = $code; return "error $!" }
    return "refused" if $ours ne "1" || $until - time < 0.3;
    sleep 0.2 } }
my $running = 0;
while (my $line = <STDIN>) { my ($index, @target) = split " ", $line;
  if ($running >= $at_once) { wait; $running-- }
  if (fork) { $running++ } else { my $word = dial(@target); syswrite STDOUT, "$index $word\\n"; exit } }
1 while wait > 0`

/** bash dials by opening a file of its own; where it is missing, nc. Neither says much of an error, so words of the C library are looked for. */
const shellDialer = `
now() { case $(date +%s%N) in *N|'') echo 0 ;; *) date +%s%N ;; esac; }
reach() { # HOST PORT OURS
  if has bash; then limited "$seconds" bash -c 'exec 3<>"/dev/tcp/$1/$2" || exit 1; echo connected; [ "$3" != 1 ] || head -n 1 <&3' dial "$1" "$2" "$3" 2>&1 </dev/null
  else
    has nc && nc=nc || nc='busybox nc'
    case $($nc -h 2>&1 </dev/null) in *BusyBox*) verbose= ;; *) verbose=-v ;; esac
    limited "$seconds" $nc $verbose -w "$seconds" "$1" "$2" 2>&1 </dev/null
  fi
}
dial() { # INDEX HOST PORT OURS
  until=$(($(date +%s) + seconds))
  while :; do
    began=$(now)
    said=$(reach "$2" "$3" "$4"); code=$?
    ms=$((($(now) - began) / 1000000))
    case $said in
      *"$nonce"*) echo "$1 open $ms"; return ;;
      *[Rr]efused*) word=refused ;;
      *nreachable*|*'No route'*|*esolve*|*'not known'*|*'ad address'*) echo "$1 error $(printf '%s' "$said" | head -n 1 | cut -c 1-200)"; return ;;
      connected*|*open*|*succeeded*) word="other $ms"; [ "$4" = 1 ] || word="open $ms" ;;
      *) word=timeout; [ "$code" != 0 ] || { word="other $ms"; [ "$4" = 1 ] || word="open $ms"; } ;;
    esac
    if [ "$4" != 1 ] || [ "$word" = timeout ] || [ "$(date +%s)" -ge "$until" ]; then echo "$1 $word"; return; fi
    sleep 0.2 || sleep 1
  done
}
running=0
while read -r index host port ours; do
  dial "$index" "$host" "$port" "$ours" </dev/null &
  running=$((running + 1))
  [ "$running" -lt 32 ] || { wait; running=0; }
done
wait`

/** Dials all targets from that machine. Arguments: mark, our word, path of our Node or nothing. */
export function dialScript(targets: readonly DialTarget[], { timeoutMs, atOnce }: { timeoutMs: number; atOnce: number }): string {
  const lines = targets.map(({ host, port, isOurs }, index) => `${index} ${host.replace(/\s/g, '') || '-'} ${port} ${isOurs ? 1 : 0}`)
  return `${frameScript}
nonce=$1 node=$2
seconds=${Math.max(1, Math.ceil(timeoutMs / 1_000))}
targets=${quoted(lines.join('\n'))}
each() { while read -r line; do say dial "$line"; done; }
give() { printf '%s\\n' "$targets"; }
if [ -x "$node" ]; then give | "$node" -e '${nodeDialer}' "$nonce" ${timeoutMs} ${atOnce} | each
elif has python3; then give | python3 -B -c '${pythonDialer}' "$nonce" ${timeoutMs} ${atOnce} | each
elif has perl; then give | perl -e '${perlDialer}' "$nonce" ${timeoutMs} ${atOnce} | each
elif has bash || has nc || has busybox; then give | {
${shellDialer}
} | each
else give | while read -r index rest; do say dial "$index no-tool"; done
fi
say end
`
}
