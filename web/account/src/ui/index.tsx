// The parts that pages are put together from.
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'

import type { Form } from '../form'
import type { Refusal } from '../refusal'
import { shell } from '../shell'
import { t } from '../texts'

interface FieldProps {
  form: Form
  name: string
  label: string
  hint?: string | undefined
  type?: string
  autocomplete?: string
  value?: string | undefined
  required?: boolean
  inputMode?: JSX.HTMLAttributes<HTMLInputElement>['inputMode']
  maxLength?: number
  pattern?: string
  className?: string
  fault?: string | undefined // instead of what the refusal says of the field
  autoFocus?: boolean
  onInput?: (value: string) => void
  onFocus?: () => void
  below?: ComponentChildren
}

// Field is a labelled input with its hint and its fault.
export function Field(props: FieldProps) {
  const { form, name, label, hint, type = 'text', value, required = true, className, onInput, onFocus, below } = props
  const id = useId()
  const [shown, show] = useState(false)
  const violation = form.refusal?.at(name)
  const fault = props.fault ?? (violation && (t.violation[violation.code] ?? t.violation.MALFORMED)?.(violation.limit ?? 0))
  const secret = type === 'password'
  const described = [fault && `${id}-fault`, hint && `${id}-hint`].filter(Boolean).join(' ')
  return (
    <div class={className ? `field ${className}` : 'field'}>
      <label for={id}>
        {label} {!required && <span class="optional">{t.register.optional}</span>}
      </label>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <div class="input">
        <input
          id={id}
          name={name}
          type={secret && shown ? 'text' : type}
          autocomplete={props.autocomplete ?? 'off'}
          inputMode={props.inputMode}
          maxLength={props.maxLength}
          pattern={props.pattern}
          defaultValue={value}
          required={required}
          autoCapitalize="none"
          spellcheck={false}
          autoFocus={props.autoFocus}
          aria-describedby={described || undefined}
          aria-invalid={fault ? 'true' : undefined}
          onInput={(event) => onInput?.(event.currentTarget.value)}
          onFocus={onFocus}
        />
        {secret && (
          <button type="button" class="reveal" aria-pressed={shown} aria-controls={id} onClick={() => show(!shown)}>
            {shown ? t.hide : t.show}
            <span class="unseen"> {label}</span>
          </button>
        )}
      </div>
      {below}
      {fault && (
        <p class="fault" id={`${id}-fault`}>
          {fault}
        </p>
      )}
    </div>
  )
}

// Fault is the sentence of a refusal that is not of one field. The seconds that are
// left stand on the button: here, a screen reader would say each of them.
export function Fault({ refusal, said }: { refusal: Refusal | null; said?: string | undefined }) {
  if (!refusal) {
    return null
  }
  const sentence = said ?? t.fault[refusal.code] ?? t.fault.INTERNAL
  return (
    <div class="fault notice" role="alert" tabIndex={-1}>
      <p>{sentence}</p>
      {refusal.code === 'INTERNAL' && refusal.requestId && <p class="small">{refusal.requestId}</p>}
    </div>
  )
}

export function Done({ children }: { children: ComponentChildren }) {
  return (
    <p class="done notice" role="status">
      {children}
    </p>
  )
}

interface SubmitProps {
  form: Form
  children: ComponentChildren
  kind?: 'danger' | 'plain'
}

// Submit is the button of a form. It stays where it can be reached while it waits,
// so that the focus is not lost.
export function Submit({ form, children, kind }: SubmitProps) {
  const waits = form.busy || form.wait > 0
  return (
    <button class={kind} aria-disabled={waits ? 'true' : undefined}>
      {form.busy ? t.busy : form.wait > 0 ? t.wait(form.wait) : children}
    </button>
  )
}

interface FormProps {
  form: Form
  said?: string | undefined // for the sentence of the refusal
  children: ComponentChildren
  label?: string
}

// FormOf is a form with its sentence above.
export function FormOf({ form, said, children, label }: FormProps) {
  return (
    <form ref={form.ref} onSubmit={form.onSubmit} noValidate aria-busy={form.busy} aria-label={label}>
      <Fault refusal={form.refusal} said={said} />
      {children}
    </form>
  )
}

// Page is a heading with what belongs below it. Coming to a page by a link puts
// the focus there, as loading it would.
export function Page({ title, children, first = false }: { title: string; children: ComponentChildren; first?: boolean }) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · ${shell.brand}`
    if (!first && (document.activeElement === document.body || document.activeElement === null || !document.activeElement.closest('main'))) {
      heading.current?.focus()
    }
  }, [title])
  return (
    <>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {children}
    </>
  )
}

// Loading is shown while an answer is on its way.
export function Loading() {
  return (
    <p class="loading" role="status">
      {t.loading}
    </p>
  )
}
