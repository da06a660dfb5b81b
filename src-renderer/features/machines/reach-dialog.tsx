import { useEffect, useRef, useState } from 'react'
import type { Machine, ReachCell } from '../../../src-main/contract/machines.ts'
import { panel } from '../../api/panel.ts'
import { ReachLegend } from '../../entities/reach-legend.tsx'
import { ReachMatrix } from '../../entities/reach-matrix.tsx'
import { summariseReach } from '../../entities/reach-model.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Field, TextInput } from '../../ui/field.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { messages } from './dialog-messages.ts'

type ReachDialogProps = { readonly machines: readonly Machine[]; readonly onClose: () => void }

/** An answer about more does not fit into one message. */
export const mostReached = 160

/** Who of some machines reaches whom on a port. It is asked for with a button: it opens connections from each to each. */
export function ReachDialog({ machines, onClose }: ReachDialogProps) {
  const t = useText(messages)
  const [port, setPort] = useState('')
  const test = useReachTest()
  const { cells, error, isBusy } = test
  const isPort = port === '' || (/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)
  const ways = machines.length * (machines.length - 1)
  return (
    <Dialog title={t('reachTitle', { count: machines.length })} description={t('reachText')} isOpen onClose={onClose} width="lg">
      <form
        className="flex flex-wrap items-start gap-3"
        onSubmit={(event) => {
          event.preventDefault()
          if (isPort) test.start({ machines: machines.map(({ id }) => id), ...(port !== '' && { port: Number(port) }) })
        }}
      >
        <div className="w-72">
          <Field label={t('port')} hint={t('portHint')} error={isPort ? undefined : t('portWrong')}>
            {(control) => (
              <TextInput
                {...control}
                inputMode="numeric"
                value={port}
                placeholder="6380"
                onChange={(event) => setPort(event.target.value.trim())}
              />
            )}
          </Field>
        </div>
        <div className="mt-5 flex gap-2">
          <Button type="submit" variant="primary" isBusy={isBusy} disabled={!isPort}>
            {cells === undefined ? t('reachTest', { count: ways }) : t('reachAgain')}
          </Button>
          {isBusy && <Button onClick={test.stop}>{t('cancel')}</Button>}
        </div>
      </form>
      <div className="mt-4 flex min-h-32 flex-col gap-3">
        {error !== undefined && <ErrorNote error={error} />}
        {isBusy && cells === undefined && (
          <div role="status" className="flex flex-col gap-2 text-soft">
            {t('reachTesting')}
            <Skeleton className="h-24 max-w-[480px]" />
          </div>
        )}
        {cells !== undefined && <Tested machines={machines} cells={cells} />}
      </div>
    </Dialog>
  )
}

type Asked = { readonly machines: string[]; readonly port?: number }

function useReachTest() {
  const [cells, setCells] = useState<readonly ReachCell[]>()
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  const abort = useRef<AbortController>(null)
  useEffect(() => () => abort.current?.abort(), [])
  const run = async (asked: Asked) => {
    const controller = new AbortController()
    abort.current = controller
    setBusy(true)
    setError(undefined)
    try {
      setCells(await panel.call('machines.reachability', asked, controller.signal))
    } catch (failure) {
      if (!controller.signal.aborted) setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return { cells, error, isBusy, start: (asked: Asked) => void run(asked), stop: () => abort.current?.abort() }
}

function Tested({ machines, cells }: { readonly machines: readonly Machine[]; readonly cells: readonly ReachCell[] }) {
  const t = useText(messages)
  const summary = summariseReach(cells)
  const { open, refused } = summary.counts
  return (
    <>
      <p role="status" className="font-medium">
        {open + refused === cells.length ? t('reachAll') : t('reachSome', { open: open + refused, count: cells.length })}
      </p>
      <ReachMatrix members={machines} summary={summary} />
      <ReachLegend summary={summary} />
      {summary.troubled.size > 0 && <Why machines={machines} cells={cells} />}
    </>
  )
}

/** Each reason once, with whom it is about. */
function Why({ machines, cells }: { readonly machines: readonly Machine[]; readonly cells: readonly ReachCell[] }) {
  const t = useText(messages)
  const names = new Map(machines.map(({ id, name }) => [id, name]))
  const reasons = Map.groupBy(
    cells.filter(({ verdict, detail }) => detail !== '' && (verdict === 'blocked' || verdict === 'not-tested')),
    ({ detail }) => detail,
  )
  return (
    <details open={reasons.size <= 3}>
      <summary className="w-fit cursor-pointer rounded-md py-1 text-soft hover:text-ink">{t('reachWhy', { count: reasons.size })}</summary>
      <ul className="mt-1 flex flex-col gap-1 text-sm">
        {[...reasons].slice(0, 40).map(([detail, ways]) => (
          <li key={detail} className="break-words">
            <span className="text-soft">
              {ways
                .slice(0, 3)
                .map(({ from, to }) => `${names.get(from) ?? from} → ${names.get(to) ?? to}`)
                .join(', ')}
              {ways.length > 3 && ` +${ways.length - 3}`}
              {': '}
            </span>
            {detail}
          </li>
        ))}
      </ul>
    </details>
  )
}
