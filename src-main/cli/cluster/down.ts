import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { jsonFlag, sshFlags } from '../panel-flags.ts'
import { countText } from '../words/amounts.ts'
import { onlyWord } from '../words/lists.ts'
import { printJson } from '../words/print.ts'
import { getCluster } from './members.ts'
import { plannedFlags, showAndRun } from './show-and-run.ts'

export const downCluster: PanelSubcommand = {
  name: 'down',
  summary: 'ends a cluster and deletes all of ours from every machine',
  usage: ['shoal cluster down NAME [--plan] [--force] [--yes]'],
  flags: { force: { help: 'do not wait for what runs, and forget machines that cannot be reached' }, ...plannedFlags },
  notes: ['The cluster stays on the list as a record: shoal cluster forget takes it off.'],
  prepare({ values, words }) {
    const name = onlyWord('cluster down', 'the name of a cluster', words)
    return async (context) => {
      const { panel } = context
      const { id, name: cluster, members } = await getCluster(panel, name)
      const goingDown = { cluster: id, force: values.has('force') }
      return showAndRun(context, {
        plan: async (signal) => (await panel.call('clusters.planDown', goingDown, { signal })).plan,
        start: () => panel.call('clusters.down', goingDown),
        ask: {
          effect: `${cluster} ends: everything that runs on its ${countText(members.length, 'machine')} is ended, and all of ours there is deleted.`,
          word: cluster,
        },
      })
    }
  },
}

export const forgetCluster: PanelSubcommand = {
  name: 'forget',
  summary: 'takes a cluster that has no machines any more off the list, with its record',
  usage: ['shoal cluster forget NAME'],
  flags: jsonFlag,
  prepare({ words }) {
    const name = onlyWord('cluster forget', 'the name of a cluster', words)
    return async ({ panel, terminal }) => {
      const cluster = await getCluster(panel, name)
      await panel.call('clusters.forget', { cluster: cluster.id })
      if (terminal.isJson) printJson(terminal, { forgotten: cluster.name })
      else terminal.print(`Forgot ${cluster.name}.`)
      return exitCodes.ok
    }
  },
}

export const takeOverCluster: PanelSubcommand = {
  name: 'take-over',
  summary: 'takes the right to change a cluster from another panel',
  usage: ['shoal cluster take-over NAME'],
  flags: { ...sshFlags, ...jsonFlag },
  prepare({ words }) {
    const name = onlyWord('cluster take-over', 'the name of a cluster', words)
    return async ({ panel, terminal, interrupts }) => {
      const before = await getCluster(panel, name)
      const cluster = await panel.call('clusters.takeOver', { cluster: before.id }, { signal: interrupts.signal })
      if (terminal.isJson) printJson(terminal, cluster)
      else
        terminal.print(`This computer may change ${cluster.name} now${before.lease.holder ? `, in place of ${before.lease.holder}` : ''}.`)
      return exitCodes.ok
    }
  },
}
