import { type FormEvent, useState } from 'react'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../button.tsx'
import { Checkbox, Field, Select, TextInput } from '../field.tsx'
import { checkFilter, type FilterColumn, isSeveral, operatorsOf, valuesOf } from './filter-text.ts'
import { operatorWord, problemText } from './filter-words.ts'
import { messages } from './messages.ts'
import type { Filter, FilterKind, OneOfValue, Operator } from './table-types.ts'

type FilterEditorProps = {
  readonly columns: readonly FilterColumn[]
  /** To be changed. */
  readonly filter?: Filter | undefined
  readonly onDone: (filter: Filter) => void
}

/** Column, condition, value; says what is wrong with them when they are to be applied. */
export function FilterEditor({ columns, filter, onDone }: FilterEditorProps) {
  const t = useText(messages)
  const usable = columns.filter((column) => column.filter !== undefined)
  const [columnId, setColumnId] = useState(filter?.column ?? usable[0]?.id ?? '')
  const column = usable.find(({ id }) => id === columnId) ?? usable[0]
  const offered = offeredOperators(column?.filter)
  const [chosen, setOperator] = useState(filter && plainOperator(filter.operator, column?.filter))
  const operator = offered.find((each) => each === chosen) ?? offered[0]
  const [value, setValue] = useState(filter?.value ?? '')
  const [wasTried, setTried] = useState(false)
  if (column?.filter === undefined || operator === undefined) return null

  const kind = column.filter
  const asked = { operator: kind.kind === 'one-of' ? severalOf(operator, value) : operator, value }
  const checked = checkFilter(column, asked)
  const apply = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if ('filter' in checked) onDone(checked.filter)
  }
  const problem = wasTried && 'problem' in checked ? problemText(checked.problem, t) : undefined
  return (
    <form onSubmit={apply} className="flex w-64 flex-col gap-3">
      <Field label={t('column')}>
        {(control) => (
          <Select
            {...control}
            options={usable.map(({ id, title }) => ({ value: id, label: title }))}
            value={column.id}
            onChange={(id) => {
              setColumnId(id)
              setValue('')
              setTried(false)
            }}
          />
        )}
      </Field>
      <Field label={t('operator')}>
        {(control) => (
          <Select
            {...control}
            options={offered.map((each) => ({ value: each, label: operatorWord(each, kind, t) }))}
            value={operator}
            onChange={setOperator}
          />
        )}
      </Field>
      <ValueField kind={kind} operator={operator} value={value} onChange={setValue} problem={problem} />
      <Button type="submit" variant="primary">
        {t(filter ? 'apply' : 'add')}
      </Button>
    </form>
  )
}

/** Of one-of columns only "is" and "is not" are offered: how many values are ticked says the rest. */
function offeredOperators(kind: FilterKind | undefined): readonly Operator[] {
  if (kind === undefined) return []
  const known = operatorsOf[kind.kind]
  return kind.kind === 'one-of' ? known.filter((operator) => !isSeveral(operator)) : known
}

const plainOperator = (operator: Operator, kind: FilterKind | undefined): Operator =>
  kind?.kind !== 'one-of' ? operator : operator === 'in' ? 'eq' : operator === 'nin' ? 'ne' : operator

function severalOf(operator: Operator, value: string): Operator {
  if (!value.includes(',')) return operator
  return operator === 'ne' ? 'nin' : 'in'
}

type ValueFieldProps = {
  readonly kind: FilterKind
  readonly operator: Operator
  readonly value: string
  readonly onChange: (value: string) => void
  readonly problem: string | undefined
}

function ValueField({ kind, operator, value, onChange, problem }: ValueFieldProps) {
  const t = useText(messages)
  if (kind.kind === 'one-of') return <OneOfField values={kind.values} value={value} onChange={onChange} problem={problem} />
  const isNumber = kind.kind === 'number' && !isSeveral(operator)
  return (
    <Field label={t(isSeveral(operator) ? 'values' : 'value')} hint={isSeveral(operator) ? t('valuesApart') : undefined} error={problem}>
      {(control) => (
        <TextInput
          {...control}
          inputMode={isNumber ? 'decimal' : undefined}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  )
}

type OneOfFieldProps = Pick<ValueFieldProps, 'value' | 'onChange' | 'problem'> & { readonly values: readonly OneOfValue[] }

function OneOfField({ values, value, onChange, problem }: OneOfFieldProps) {
  const t = useText(messages)
  const ticked = valuesOf({ operator: 'in', value })
  const tick = (each: string, isTicked: boolean) =>
    onChange(
      values
        .map((known) => known.value)
        .filter((known) => (known === each ? isTicked : ticked.includes(known)))
        .join(','),
    )
  return (
    <fieldset className="flex min-w-0 flex-col gap-1">
      <legend className="mb-1 text-sm font-medium text-soft">{t('values')}</legend>
      <div className="flex max-h-56 flex-col overflow-y-auto">
        {values.map((each) => (
          <span key={each.value} className="flex min-h-6 items-center">
            <Checkbox label={each.label} isChecked={ticked.includes(each.value)} onChange={(isTicked) => tick(each.value, isTicked)} />
          </span>
        ))}
      </div>
      {problem !== undefined && (
        <p role="alert" className="text-sm text-bad">
          {problem}
        </p>
      )}
    </fieldset>
  )
}
