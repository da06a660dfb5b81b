import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { panelQuery } from '../../api/panel.ts'
import { isLanguage, languages, setLanguage } from '../../i18n/language.ts'
import { useLanguage } from '../../i18n/use-language.ts'
import { useText } from '../../i18n/messages.ts'
import { Card } from '../../ui/card.tsx'
import { Facts } from '../../ui/definition-list.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Field, Segmented, Select } from '../../ui/field.tsx'
import { Page } from '../../ui/page.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { Time } from '../../ui/time.tsx'
import { type Appearance, keepAppearance, readAppearance } from '../../util/theme.ts'
import { DesktopSettings } from './desktop-settings.tsx'
import { HostKeys } from './host-keys.tsx'
import { messages } from './messages.ts'
import { SecretsSettings } from './secrets-settings.tsx'

export function SettingsPage() {
  const t = useText(messages)
  return (
    <Page title={t('title')}>
      <div className="flex max-w-[880px] flex-col gap-4">
        <AppearanceSettings />
        <SecretsSettings />
        <HostKeys />
        <DesktopSettings />
        <About />
      </div>
    </Page>
  )
}

function AppearanceSettings() {
  const t = useText(messages)
  const language = useLanguage()
  const [appearance, setAppearance] = useState(readAppearance)
  const change = (part: Partial<Appearance>) => {
    const next = { ...appearance, ...part }
    setAppearance(next)
    keepAppearance(next)
  }
  return (
    <Card title={t('appearance')}>
      <div className="flex flex-wrap gap-6">
        <div className="flex flex-col gap-1">
          <span className="text-sm font-medium text-soft">{t('theme')}</span>
          <Segmented
            label={t('theme')}
            value={appearance.theme}
            onChange={(theme) => change({ theme })}
            options={[
              { value: 'system', label: t('themeSystem') },
              { value: 'light', label: t('themeLight') },
              { value: 'dark', label: t('themeDark') },
            ]}
          />
        </div>
        <div className="flex flex-col gap-1">
          <span className="text-sm font-medium text-soft">{t('contrast')}</span>
          <Segmented
            label={t('contrast')}
            value={appearance.contrast}
            onChange={(contrast) => change({ contrast })}
            options={[
              { value: 'system', label: t('contrastSystem') },
              { value: 'normal', label: t('contrastNormal') },
              { value: 'more', label: t('contrastMore') },
            ]}
          />
        </div>
        <Field label={t('language')}>
          {(control) => (
            <Select
              {...control}
              value={language}
              onChange={(next) => isLanguage(next) && setLanguage(next)}
              options={Object.entries(languages).map(([value, label]) => ({ value, label }))}
            />
          )}
        </Field>
      </div>
    </Card>
  )
}

function About() {
  const t = useText(messages)
  const info = useQuery(panelQuery('panel.info', {}))
  return (
    <Card title={t('about')}>
      {info.isError && <ErrorNote error={info.error} onRetry={() => void info.refetch()} />}
      {info.isPending && <Skeleton className="h-12" />}
      {info.data && (
        <Facts
          items={[
            { label: t('version'), value: info.data.version },
            { label: t('dataFolder'), value: <code className="font-mono text-sm">{info.data.dataFolder}</code> },
            { label: t('holder'), value: info.data.holder },
            { label: t('started'), value: <Time atMs={info.data.startedAtMs} /> },
          ]}
        />
      )}
      <p className="mt-3 text-soft">{t('privacy')}</p>
    </Card>
  )
}
