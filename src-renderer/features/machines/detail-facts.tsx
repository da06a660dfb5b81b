import type { ReactNode } from 'react'
import type { Machine, MachineFacts } from '../../../src-main/contract/machines.ts'
import { type Format, useFormat } from '../../i18n/format.ts'
import { type Translate, useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { Meter } from '../../ui/meter.tsx'
import { messages } from './detail-messages.ts'
import { DetailSection, Lines } from './detail-section.tsx'

type DetailFactsProps = { readonly machine: Machine; readonly onLeftovers: () => void }
type Words = { readonly t: Translate<keyof (typeof messages)['en']>; readonly format: Format }

/** What the last check saw of the machine itself. */
export function DetailFacts({ machine: { facts }, onLeftovers }: DetailFactsProps) {
  const t = useText(messages)
  const format = useFormat()
  if (facts === null) return null
  const words = { t, format }
  return (
    <>
      <DetailSection title={t('system')}>
        <Lines items={systemLines(facts, words)} />
      </DetailSection>
      {facts.gpus.length > 0 && <Gpus facts={facts} />}
      <DetailSection title={t('disks')}>
        <Lines items={diskLines(facts, words)} />
      </DetailSection>
      <DetailSection
        title={t('leftovers')}
        actions={
          <Button size="sm" onClick={onLeftovers}>
            {t('look')}
          </Button>
        }
      >
        <p className="text-soft">{t('leftoverCount', { count: facts.leftovers.length })}</p>
      </DetailSection>
    </>
  )
}

function systemLines(facts: MachineFacts, { t, format }: Words) {
  const { libc, python, ray, services, limits } = facts
  const skew = Math.abs(facts.clockSkewMs)
  const comesBack = [...(services.systemdUser ? ['systemd'] : []), ...(services.cron ? ['cron'] : [])].join(', ')
  return [
    { label: t('os'), value: facts.os },
    { label: t('kernel'), value: `${facts.kernel}, ${facts.arch}` },
    { label: t('libc'), value: `${libc.kind} ${libc.version}`.trim() },
    { label: t('hostname'), value: facts.hostname },
    { label: t('loggedIn'), value: `${facts.user} (${facts.uid})` },
    { label: t('cpus'), value: format.number(facts.cpus) },
    {
      label: t('memory'),
      value: t('freeOf', { free: format.bytes(facts.memoryAvailableBytes), total: format.bytes(facts.memoryBytes) }),
    },
    { label: t('gpus'), value: facts.gpus.length === 0 ? t('none') : null },
    { label: t('addresses'), value: <Addresses facts={facts} /> },
    {
      label: t('clock'),
      value: skew < 1_000 ? t('clockRight') : t(facts.clockSkewMs > 0 ? 'clockAhead' : 'clockBehind', { by: format.duration(skew) }),
    },
    { label: t('openFiles'), value: limits.openFiles === null ? null : format.number(limits.openFiles) },
    { label: t('afterReboot'), value: comesBack === '' ? t('staysOff') : t('comesBack', { how: comesBack }) },
    { label: 'Python', value: python === null ? t('none') : `${python.version} (${python.path})` },
    { label: 'Ray', value: ray === null ? null : `${ray.version ?? ''} ${ray.isRunning ? t('runs') : t('runsNot')}`.trim() },
  ]
}

const Addresses = ({ facts: { addresses } }: { readonly facts: MachineFacts }): ReactNode => (
  <ul>
    {addresses.map(({ address, device }) => (
      <li key={`${address} ${device}`}>
        <span className="font-mono text-sm">{address}</span> <span className="text-faint">{device}</span>
      </li>
    ))}
  </ul>
)

function diskLines({ folder, temp, shm }: MachineFacts, { t, format }: Words) {
  const notes = [...(folder.isWritable ? [] : [t('readOnly')]), ...(folder.isExecutable ? [] : ['noexec'])]
  return [
    {
      label: t('folder'),
      value: (
        <>
          <code className="font-mono text-sm break-all">{folder.path}</code>
          <span className="block">
            {[t('free', { free: format.bytes(folder.freeBytes) }), folder.fileSystem, ...notes].filter(Boolean).join(' · ')}
          </span>
        </>
      ),
    },
    {
      label: temp.path,
      value: [t('free', { free: format.bytes(temp.freeBytes) }), ...(temp.isWritable ? [] : [t('readOnly')])].join(' · '),
    },
    {
      label: '/dev/shm',
      value: shm.exists ? t('freeOf', { free: format.bytes(shm.freeBytes), total: format.bytes(shm.sizeBytes) }) : t('none'),
    },
  ]
}

/** Each with how full its memory is, and who holds it. */
function Gpus({ facts: { gpus, gpuDriver } }: { readonly facts: MachineFacts }) {
  const t = useText(messages)
  const format = useFormat()
  return (
    <DetailSection
      title={t('gpus')}
      actions={gpuDriver !== null && <span className="text-sm text-faint">{t('driver', { version: gpuDriver })}</span>}
    >
      <ul className="flex flex-col gap-2">
        {gpus.map(({ index, name, memoryBytes, usedBytes, holders }) => (
          <li key={index}>
            <div className="flex items-center gap-2">
              <span className="min-w-0 flex-1 truncate">
                <span className="text-faint tabular-nums">{index}</span> {name}
              </span>
              <span className="text-sm text-soft tabular-nums">
                {t('usedOf', { used: format.bytes(usedBytes), total: format.bytes(memoryBytes) })}
              </span>
            </div>
            <Meter className="my-1" value={memoryBytes > 0 ? usedBytes / memoryBytes : 0} label={t('gpuMemory', { index })} />
            {holders.map(({ pid, user, command, usedBytes: held }) => (
              <p key={pid} className="truncate text-sm text-soft">
                {t('holder', { user, command, pid: String(pid), held: format.bytes(held) })}
              </p>
            ))}
          </li>
        ))}
      </ul>
    </DetailSection>
  )
}
