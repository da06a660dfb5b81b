import { type FlagValues, UsageError } from '../../../runtime/cli/command.ts'
import type { GivenInput } from '../../contract/panel.ts'
import { type RayPlan, RayToken, RayTrust } from '../../contract/ray-heads.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { jsonFlag, sshFlags } from '../panel-flags.ts'
import { rayTokenFrom } from '../questions/ssh-answers.ts'
import { countText } from '../words/amounts.ts'
import { printJson } from '../words/print.ts'
import { onlyWord } from '../words/lists.ts'
import { readText } from '../words/text-files.ts'
import { sayMeanwhile } from '../words/say-meanwhile.ts'
import { parseClusterName } from './cluster-name.ts'

type Place = GivenInput<'clusters.planRay'>

export const connectRay: PanelSubcommand = {
  name: 'connect-ray',
  summary: 'puts a Ray cluster that others made on the list, and connects to its head',
  usage: ['shoal cluster connect-ray NAME --address HOST:8265 [--via MACHINE] [flags]'],
  flags: {
    address: { value: 'ADDRESS', help: 'of the dashboard: http://HOST:8265, https://HOST, or HOST for port 8265' },
    via: { value: 'MACHINE', help: 'of the list: the address is as seen from there, such as 127.0.0.1:8265. Default: this computer' },
    'ca-file': { value: 'FILE', help: 'certificates in PEM form of who signs that of an https address' },
    fingerprint: { value: 'SHA256', help: 'of the certificate of an https address, whoever signed it' },
    'keep-token': { help: 'keep the token in the keychain or vault, where one is used' },
    plan: { help: 'only look at what stands there' },
    ...sshFlags,
    ...jsonFlag,
  },
  notes: [
    'Nothing is changed on the cluster. shoal cluster forget takes it off the list.',
    "The token of a head that wants one (Ray 2.52 or newer) is on its machine in ~/.ray/auth_token. Give a copy with --token-file, or as Ray's own commands take it, in RAY_AUTH_TOKEN or with RAY_AUTH_TOKEN_PATH=FILE: commands are then told it once for all.",
  ],
  examples: [
    'shoal cluster connect-ray team --address http://head:8265 --token-file token',
    'shoal cluster connect-ray team --address 127.0.0.1:8265 --via gpu1',
  ],
  prepare({ values, words }) {
    const name = parseClusterName(onlyWord('cluster connect-ray', 'a name for the cluster', words))
    const place = placeFrom(values)
    return (context) =>
      values.has('plan') ? showPlan(context, place) : connect(context, { ...place, name, keepToken: values.has('keep-token') })
  },
}

async function showPlan(context: Context, place: Place): Promise<number> {
  const { panel, terminal, interrupts } = context
  const plan = await sayMeanwhile(context, `Looking at ${place.address}`, () =>
    panel.call('clusters.planRay', place, { signal: interrupts.signal }),
  )
  if (terminal.isJson) printJson(terminal, plan)
  else terminal.print(rayPlanText(plan))
  return plan.problem === null ? exitCodes.ok : exitCodes.failed
}

async function connect(context: Context, wish: GivenInput<'clusters.connectRay'>): Promise<number> {
  const { panel, terminal, interrupts } = context
  const cluster = await sayMeanwhile(context, `Connecting to ${wish.address}`, () =>
    panel.call('clusters.connectRay', wish, { signal: interrupts.signal }),
  )
  if (terminal.isJson) printJson(terminal, cluster)
  else {
    const { name, rayHead, link } = cluster
    terminal.print(`${name} is on the list: ${rayHead?.url ?? ''}, ${link.state}${link.message === null ? '' : `: ${link.message}`}.`)
    if (wish.token !== undefined && !wish.keepToken)
      terminal.print(
        'While no panel runs, each command needs the token again: --token-file FILE, or RAY_AUTH_TOKEN_PATH=FILE in the environment.',
      )
    terminal.print(`Next: shoal cluster status ${name}, and shoal cluster job ${name} -- COMMAND`)
  }
  return cluster.link.state === 'connected' ? exitCodes.ok : exitCodes.failed
}

/** Pure. */
export function rayPlanText({ url, rayVersion, nodes, wantsToken, certificate, missing, problem }: RayPlan): string {
  const token = wantsToken === null ? 'it does not say' : wantsToken ? 'wanted' : 'none wanted'
  return [
    rayVersion === null ? `${url}:` : `${url}: Ray ${rayVersion}${nodes === null ? '' : `, ${countText(nodes, 'node')} alive`}`,
    `  Token        ${token}`,
    ...(certificate === null
      ? []
      : [
          `  Certificate  ${certificate.subject.replaceAll('\n', ', ')}, ${certificate.isTrusted ? 'trusted' : 'not trusted'}, until ${certificate.validTo}`,
          `  SHA-256      ${certificate.sha256}`,
        ]),
    ...missing.map(({ why }) => `  Not there    ${why}`),
    ...(problem === null ? [] : [`  Problem      ${problem.message}`]),
  ].join('\n')
}

function placeFrom(values: FlagValues): Place {
  const address = values.find('address')
  if (address === undefined) throw new UsageError('cluster connect-ray needs --address, such as http://HOST:8265')
  const token = rayTokenFrom(values)
  const parsed = RayToken.optional().safeParse(token)
  if (!parsed.success)
    throw new UsageError('what --token-file or RAY_AUTH_TOKEN holds is no token: there are blanks or other than letters and digits in it')
  return { address, via: values.find('via') ?? null, trust: trustFrom(values), ...(token === undefined ? {} : { token }) }
}

function trustFrom(values: FlagValues): RayTrust {
  const [caFile, fingerprint] = [values.find('ca-file'), values.find('fingerprint')]
  if (caFile !== undefined && fingerprint !== undefined) throw new UsageError('give either --ca-file or --fingerprint')
  const trust =
    caFile !== undefined
      ? { kind: 'ca', pem: readText('--ca-file', caFile) }
      : fingerprint !== undefined
        ? { kind: 'fingerprint', sha256: fingerprint }
        : { kind: 'system' }
  const parsed = RayTrust.safeParse(trust)
  if (parsed.success) return parsed.data
  throw new UsageError(`${caFile === undefined ? '--fingerprint' : '--ca-file'} ${parsed.error.issues[0]?.message ?? 'is wrong'}`)
}
