import { Laptop, type LucideIcon, Network } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { Button, buttonClass } from '../../ui/button.tsx'
import { ApplyDialog } from './apply-dialog.tsx'
import { ConnectRayDialog } from './connect-ray-dialog.tsx'
import { messages } from './messages.ts'
import { messages as rayMessages } from './ray-messages.ts'
import { StartLocalButton } from './start-local.tsx'

/** Before there is any cluster: what this is, and two ways to begin. */
export function Welcome() {
  const t = useText(messages)
  const ray = useText(rayMessages)
  const [isApplying, setApplying] = useState(false)
  const [isConnecting, setConnecting] = useState(false)
  return (
    <div className="flex flex-1 overflow-y-auto">
      <div className="m-auto flex max-w-[760px] flex-col items-center gap-8 px-6 py-12 text-center">
        <header className="flex flex-col items-center gap-2">
          <img src="/icon.svg" alt="" width={48} height={48} />
          <h1 className="text-xl font-semibold">{t('welcome')}</h1>
          <p className="max-w-[520px] text-lg text-soft">{t('whatItDoes')}</p>
          <p className="text-soft">{t('private')}</p>
        </header>
        <div className="grid w-full gap-4 text-left sm:grid-cols-2">
          <Way icon={Laptop} title={t('tryLocal')} text={t('tryLocalText')}>
            <StartLocalButton />
          </Way>
          <Way icon={Network} title={t('build')} text={t('buildText')}>
            <PathLink to={paths.newCluster()} className={buttonClass({ variant: 'primary' })}>
              {t('build')}
            </PathLink>
          </Way>
        </div>
        <p className="flex flex-wrap items-center justify-center gap-2 text-soft">
          {t('haveFile')}
          <Button size="sm" onClick={() => setApplying(true)}>
            {t('applyFile')}
          </Button>
        </p>
        <p className="flex flex-wrap items-center justify-center gap-2 text-soft">
          {ray('haveRay')}
          <Button size="sm" onClick={() => setConnecting(true)}>
            {ray('connectRay')}
          </Button>
        </p>
        {isConnecting && <ConnectRayDialog onClose={() => setConnecting(false)} />}
        {isApplying && <ApplyDialog onClose={() => setApplying(false)} />}
      </div>
    </div>
  )
}

type WayProps = { readonly icon: LucideIcon; readonly title: string; readonly text: string; readonly children: ReactNode }

function Way({ icon: Icon, title, text, children }: WayProps) {
  return (
    <section className="flex flex-col items-start gap-2 rounded-lg border bg-surface p-4">
      <Icon size={20} strokeWidth={1.5} aria-hidden className="text-accent" />
      <h2 className="text-lg font-semibold">{title}</h2>
      <p className="flex-1 text-soft">{text}</p>
      <div className="mt-2">{children}</div>
    </section>
  )
}
