import { hostPort } from '../machine-flags.ts'
import type { MachineTarget, OperationInput } from '../operation-input.ts'
import { headJoinTokenFile, joinTokenFile, payloadFolder } from '../paths.ts'
import { findRunning, stopUnit } from '../scripts/session-scripts.ts'
import type { BootCommands } from '../scripts/service-scripts.ts'
import { quoted, scriptOf } from '../scripts/shell-text.ts'
import { rayEnvironment, rayFolderHash, rayLog, rayProgram } from './ray-paths.ts'
import { rayPorts, rayWorkerPorts } from './ray-ports.ts'

/** The secret of a cluster of Ray: the head's machine makes it, and the workers are given it. */
const tokenFile = ({ role, sessionFolder }: MachineTarget): string =>
  role === 'head' ? headJoinTokenFile(sessionFolder) : joinTokenFile(sessionFolder)

/** What Ray says when a node runs. */
const rayRuns = 'Ray runtime started'
/** Between two starts of a Ray that ends by itself. */
const longestPauseS = 60

/** What `ray start` is told on a machine. Ports are fixed, so that a firewall can know them. */
function rayFlags({ head, ports }: OperationInput, machine: MachineTarget): string[] {
  const own = rayPorts(machine.agentPort)
  const isHead = machine.role === 'head'
  const numbers = {
    ...(isHead ? { port: ports.head, 'dashboard-port': ports.api, 'ray-client-server-port': own.client } : {}),
    'node-manager-port': own.nodeManager,
    'object-manager-port': own.objectManager,
    'dashboard-agent-grpc-port': own.agentGrpc,
    'dashboard-agent-listen-port': own.agentHttp,
    'runtime-env-agent-port': own.runtimeEnv,
    'metrics-export-port': own.metrics,
    'min-worker-port': rayWorkerPorts.first,
    'max-worker-port': rayWorkerPorts.last,
  }
  return [
    ...(isHead ? ['--head', '--include-dashboard=true', '--dashboard-host=127.0.0.1'] : [`--address=${hostPort(head.nodeIp, ports.head)}`]),
    `--node-ip-address=${machine.nodeIp}`,
    `--node-name=${machine.name}`,
    ...Object.entries(numbers).map(([name, port]) => `--${name}=${port}`),
    '--disable-usage-stats',
  ]
}

/** What Ray, and all that it starts, finds in its environment; what the user's shell says of other clusters does not reach it. */
function environmentOf(machine: MachineTarget, version: string): string {
  const { root, sessionFolder, payload } = machine
  return `
unset RAY_ADDRESS RAY_AUTH_TOKEN RAY_NAMESPACE RAY_TMPDIR PYTHONPATH PYTHONHOME VIRTUAL_ENV CONDA_PREFIX SHOAL_ADDRESS SHOAL_TEMP_DIR
env=${quoted(rayEnvironment(sessionFolder, version))}
runtime=${quoted(payloadFolder(root, payload))}
export PATH="$env/bin:$PATH:$runtime/bin" RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=${quoted(tokenFile(machine))}
export RAY_USAGE_STATS_ENABLED=0 RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S=3 RAY_DEFAULT_PYTHON_VERSION_MATCH_LEVEL=minor PYTHONUNBUFFERED=1
export RAY_DASHBOARD_SUBPROCESS_MODULE_WAIT_READY_TIMEOUT=120 # its own 30 s are too few for a slow disk or busy CPUs
export SHOAL_RAY_NODE=${quoted(sessionFolder)} SHOAL_RAY_PYTHON="$env/bin/python" SHOAL_ENGINE=ray`
}

/**
 * The program that runs as long as the machine is a node. Told to end, it tells Ray, which ends what it has started and nothing else. Where Ray
 * ends by itself, as that of a worker does a minute after its head, it is started again, until it finds its head. With SHOAL_RAY_FIRST=1 a
 * start that fails is the end: somebody waits for it.
 * `--temp-dir` and the session's folder stand in its command line, as in those of our own daemons, and it is found by them.
 */
const nodeProgram = (input: OperationInput, machine: MachineTarget, version: string): string => `#!/bin/sh
# Ray of the cluster ${input.clusterName}, started and ended by Shoal. By hand: sh ${rayProgram(machine.sessionFolder)} --temp-dir ${machine.sessionFolder}
umask 077${environmentOf(machine, version)}
first=$SHOAL_RAY_FIRST
unset SHOAL_RAY_FIRST
folder=/tmp/shoal-$(id -u)-r-${rayFolderHash(machine.sessionFolder)}
mkdir -m 700 "$folder" 2>/dev/null
if [ ! -O "$folder" ] || [ -h "$folder" ]; then echo "$folder belongs to somebody else" >&2; exit 1; fi
told=
child=
trap 'told=yes; kill "$child" 2>/dev/null' TERM INT HUP
await() {
  wait "$child"; code=$?
  while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done
  [ -z "$told" ] || exit 0
}
pause=5
while :; do
  "$env/bin/ray" start ${rayFlags(input, machine).map(quoted).join(' ')} --temp-dir="$folder" --block </dev/null &
  child=$!
  await
  [ "$code" -ne 0 ] || exit 0
  [ -z "$first" ] || grep -q '${rayRuns}' ${quoted(rayLog(machine.sessionFolder))} || exit "$code"
  echo "Ray has ended with exit code $code; in $pause s it is started again"
  sleep "$pause" </dev/null & child=$!
  await
  pause=$((pause * 2)); [ "$pause" -le ${longestPauseS} ] || pause=${longestPauseS}
done
`

/** All that was started by the session's Ray, jobs too; its workers hide their command lines, and nothing hides their environment. */
const findRayProcesses = `
of_ray() {
  for file in $(grep -lsF -e "SHOAL_RAY_NODE=$session" /proc/[0-9]*/environ 2>/dev/null); do
    { tr '\\000' '\\n' <"$file"; } 2>/dev/null | grep -qxF -e "SHOAL_RAY_NODE=$session" || continue
    pid=\${file#/proc/}; echo "\${pid%/environ}"
  done
}
end_ray() {
  left=$(running)
  [ -z "$left" ] || kill $left 2>/dev/null
  tries=0
  while [ -n "$(running)" ] && [ "$tries" -lt 90 ]; do sleep 0.5; tries=$((tries + 1)); done
  left="$(running) $(of_ray)"
  [ "$left" = ' ' ] || { kill -9 $left 2>/dev/null; sleep 1; }
  left="$(running) $(of_ray)"
  [ "$left" = ' ' ] || { echo "still running: $left" >&2; return 1; }
}`

const startedWithinS = 170

/**
 * Starts the machine's Ray and waits until it says that it runs. One that runs as it should is left alone; one that was started otherwise is
 * ended first. Prints `state running` or `state started`.
 */
export const startRay = (input: OperationInput, machine: MachineTarget, version: string): string =>
  scriptOf(
    {
      session: machine.sessionFolder,
      env: rayEnvironment(machine.sessionFolder, version),
      program: rayProgram(machine.sessionFolder),
      log: rayLog(machine.sessionFolder),
      hash: machine.payload,
      token: machine.role === 'head' ? tokenFile(machine) : '',
      short: rayFolderHash(machine.sessionFolder),
      text: nodeProgram(input, machine, version),
    },
    `
umask 077
${findRunning}${findRayProcesses}
mkdir -p "$session/logs" || exit 1
if [ ! -x "$env/bin/ray" ]; then echo "there is no Ray in $env" >&2; exit 1; fi
if [ -n "$token" ] && [ ! -s "$token" ]; then
  mkdir -p "\${token%/*}" && head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \\n' >"$token.new" && mv -f "$token.new" "$token" || exit 1
fi
if [ -n "$(running)" ] && [ "$(cat "$program" 2>/dev/null)" = "$(printf '%s' "$text")" ] && grep -q '${rayRuns}' "$log"; then
  echo 'state running'; exit 0
fi
end_ray || exit 1
printf '%s' "$text" >"$program" && chmod 700 "$program" && printf '%s\\n' "$hash" >"$session/payload" || exit 1
[ ! -f "$log" ] || mv -f "$log" "$log.1"
: >"$log"
own=; command -v setsid >/dev/null 2>&1 && own=setsid
SHOAL_RAY_FIRST=1 SHOAL_TEMP_DIR=$session $own nohup sh "$program" --temp-dir "$session" >"$log" 2>&1 </dev/null &
started=$!
tries=0
until grep -q '${rayRuns}' "$log"; do
  tries=$((tries + 1))
  if ! kill -0 "$started" 2>/dev/null || [ "$tries" -gt ${startedWithinS * 2} ]; then
    for said in "/tmp/shoal-$(id -u)-r-$short"/session_latest/logs/gcs_server.* "/tmp/shoal-$(id -u)-r-$short"/session_latest/logs/raylet.* "$log"; do
      [ -s "$said" ] && { echo "the end of $said:"; grep -v '^ *$' "$said" | tail -n 8; } >&2
    done
    end_ray; exit 1
  fi
  sleep 0.5
done
echo 'state started'`,
  )

/** Ends the session's Ray and what was started by it. Prints `state absent` where nothing of it is. */
export const stopRay = ({ sessionFolder }: MachineTarget, clusterId: string): string =>
  scriptOf(
    { session: sessionFolder },
    `
${findRunning}${findRayProcesses}
[ -d "$session" ] || [ -n "$(running)$(of_ray)" ] || { echo 'state absent'; exit 0; }
${stopUnit(clusterId)}
end_ray`,
  )

/** For the start of the machine. */
export function rayBootCommands({ sessionFolder }: MachineTarget): BootCommands {
  const run = ['/bin/sh', rayProgram(sessionFolder), '--temp-dir', sessionFolder]
  return { clear: ['/bin/true'], stay: run, start: run }
}

/** Takes away environments of other versions. Says `removed environment BYTES PATH` for each. */
export const pruneRay = ({ sessionFolder }: MachineTarget, version: string): string =>
  scriptOf(
    { session: sessionFolder, env: rayEnvironment(sessionFolder, version) },
    `
for old in "$session"/ray-[0-9]*; do
  if [ "$old" = "$env" ] || [ ! -d "$old" ]; then continue; fi
  size=$(du -sk "$old" | cut -f1)
  rm -rf "$old" && echo "removed environment $((size * 1024)) $old"
done`,
  )

/** Asks the head, on its machine. No output where it does not answer yet. */
const nodesProgram = `
const [port, file] = process.argv.slice(1)
const headers = { authorization: "Bearer " + require("fs").readFileSync(file, "utf8").trim() }
const asked = require("http").get({ host: "127.0.0.1", port, path: "/api/v0/nodes?limit=10000", headers, timeout: 20000 }, (answer) => {
  let text = ""
  answer.setEncoding("utf8").on("data", (part) => { text += part }).on("end", () => {
    if (answer.statusCode !== 200) return console.error("the head answered " + answer.statusCode + ": " + text.slice(0, 500))
    for (const node of JSON.parse(text).data.result.result)
      console.log(["node", node.state, node.node_id, node.is_head_node ? "head" : "worker", node.node_name].join(" "))
  })
})
asked.on("timeout", () => asked.destroy()).on("error", (error) => console.error(String(error)))
`

/** Prints \`node STATE ID head|worker NAME\` for each that the head knows, dead ones too. */
export const listRayNodes = ({ root, sessionFolder, payload }: MachineTarget, apiPort: number): string =>
  scriptOf(
    { node: `${payloadFolder(root, payload)}/bin/node`, port: apiPort, token: headJoinTokenFile(sessionFolder) },
    `"$node" -e '${nodesProgram}' "$port" "$token" </dev/null`,
  )

export type RayNode = { readonly state: string; readonly nodeId: string; readonly isHead: boolean; readonly name: string }

export const readRayNodes = (output: string): RayNode[] =>
  output.split('\n').flatMap((line) => {
    const [, state, nodeId, role, name] = /^node (\S+) ([0-9a-f]{56}) (head|worker) (.*)$/.exec(line) ?? []
    return state === undefined || nodeId === undefined ? [] : [{ state, nodeId, isHead: role === 'head', name: name ?? '' }]
  })

type Drain = { readonly nodeId: string; readonly withinMs: number | null; readonly version: string }

/** On the head's machine: the node gets no new work, and leaves when it has none. Its deadline is kept by who asked. */
export const drainRay = ({ head, ports }: OperationInput, { nodeId, withinMs, version }: Drain): string =>
  scriptOf(
    { address: hostPort(head.nodeIp, ports.head), node: nodeId },
    `${environmentOf(head, version)}
"$env/bin/ray" drain-node --address "$address" --node-id "$node" --reason DRAIN_NODE_REASON_PREEMPTION --reason-message 'drained from the panel'${
      withinMs === null ? '' : ` --deadline-remaining-seconds ${Math.max(1, Math.ceil(withinMs / 1_000))}`
    } </dev/null`,
  )
