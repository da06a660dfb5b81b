import { toError } from '../../../runtime/base/errors.ts'
import { topics } from '../../contract/topics.ts'
import type { Operation } from '../../contract/operations.ts'
import type { Context } from '../context.ts'
import { operationLines } from './live-view.ts'
import { reportOperation } from './operation-result.ts'
import { endedLines } from './plain-view.ts'
import { operationHasEnded } from './step-words.ts'

const drawEveryMs = 100
/** Heals what an event missed. */
const askEveryMs = 5_000

/** Follows an operation to its end, says how it ended, and returns the exit code. */
export async function followToEnd(context: Context, operationId: string): Promise<number> {
  return reportOperation(context, await followOperation(context, operationId))
}

/**
 * Shows an operation until it ends: drawn over itself at a terminal, else a line for each step. Ctrl-C cancels it; a second one leaves.
 * @throws ClusterError `not-found`
 */
export async function followOperation(context: Context, operationId: string): Promise<Operation> {
  const { panel, interrupts } = context
  const view = createView(context)
  const release = interrupts.take(() => {
    view.say('Cancelling; what runs on a machine ends first. Press Ctrl-C again to leave at once.')
    panel
      .call('operations.cancel', { operationId })
      .catch((error: unknown) => view.say(`It cannot be cancelled: ${toError(error).message}`))
  })
  try {
    return await untilEnded(context, { operationId, take: view.take, isWhole: context.values.has('verbose') })
  } finally {
    release()
    view.close()
  }
}

type Following = { readonly operationId: string; readonly take: (operation: Operation) => void; readonly isWhole: boolean }

/** What the topic tells is without commands and logs; the end, and with `isWhole` each piece of news, is asked for with them. */
function untilEnded({ panel }: Context, { operationId, take, isWhole }: Following): Promise<Operation> {
  return new Promise((resolve, reject) => {
    let asking: 'no' | 'yes' | 'and-again' = 'no'
    const stop = () => {
      clearInterval(timer)
      subscription.close()
    }
    const answered = (operation: Operation) => {
      const isStale = asking === 'and-again'
      asking = 'no'
      take(operation)
      if (operationHasEnded(operation)) {
        stop()
        resolve(operation)
      } else if (isStale) ask()
    }
    const ask = () => {
      if (asking !== 'no') return void (asking = 'and-again')
      asking = 'yes'
      panel.call('operations.get', { operationId }).then(answered, (error: unknown) => {
        stop()
        reject(toError(error))
      })
    }
    const timer = setInterval(ask, askEveryMs)
    const subscription = panel.subscribe('operations', (event) => {
      const { id, value } = topics.operations.event.parse(event)
      if (id !== operationId || value === null) return
      if (isWhole || operationHasEnded(value)) ask()
      else take(value)
    })
    ask()
  })
}

type View = { take(operation: Operation): void; say(text: string): void; close(): void }

function createView({ terminal, live, values }: Context): View {
  const isVerbose = values.has('verbose')
  if (terminal.isJson) return { take() {}, say: (text) => terminal.warn(text), close() {} }
  let last: Operation | undefined
  const draw = () => {
    if (last && !operationHasEnded(last)) live.show(operationLines(last, { nowMs: Date.now(), rows: process.stderr.rows }))
  }
  const timer = live.isLive ? setInterval(draw, drawEveryMs) : undefined
  const say = (text: string) => {
    const comeBack = live.stepAside()
    terminal.warn(text)
    comeBack()
  }
  return {
    take(operation) {
      if (last && operationHasEnded(last)) return // an answer that was on its way when the end came
      const lines = live.isLive && !isVerbose ? [] : endedLines(last, operation, isVerbose)
      last = operation
      if (lines.length === 0) return
      const comeBack = live.stepAside()
      terminal.print(lines.join('\n'))
      comeBack()
    },
    say,
    close() {
      clearInterval(timer)
      live.clear()
    },
  }
}
