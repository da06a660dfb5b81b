import { Component, type ReactNode } from 'react'
import { textOf } from '../i18n/messages.ts'
import { ErrorNote } from '../ui/error-note.tsx'
import { Page } from '../ui/page.tsx'
import { messages } from './messages.ts'

type Props = { readonly children: ReactNode; readonly resetKey: string }
type State = { readonly error: unknown; readonly key: string }

/** Keeps a page that breaks from taking the rest along; another address tries again. React has no other form for this than a class. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: undefined, key: this.props.resetKey }

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error }
  }

  static getDerivedStateFromProps(props: Props, state: State): Partial<State> | null {
    return props.resetKey === state.key ? null : { error: undefined, key: props.resetKey }
  }

  override render(): ReactNode {
    const { error } = this.state
    if (error === undefined) return this.props.children
    return (
      <Page title={textOf(messages, 'broken')} subtitle={textOf(messages, 'brokenText')}>
        <ErrorNote error={error} onRetry={() => this.setState({ error: undefined })} />
      </Page>
    )
  }
}
