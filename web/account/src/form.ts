// What every form does: one try at a time, the refusal kept for the fields to
// show, and a wait counted down where the server asks for one.
import { useEffect, useRef, useState } from 'preact/hooks'

import { Refusal } from './refusal'

export interface Form {
  busy: boolean
  refusal: Refusal | null
  wait: number // seconds until the button works again
  ref: { current: HTMLFormElement | null }
  onSubmit: (event: Event) => void
  clear: () => void
}

// useForm waits, too, where something else was refused before: that of a page.
export function useForm(submit: (fields: FormData) => Promise<void>, before?: Refusal): Form {
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<Refusal | null>(null)
  const [wait, setWait] = useState(0)
  const ref = useRef<HTMLFormElement>(null)
  const alive = useRef(true)

  useEffect(() => {
    alive.current = true
    return () => {
      alive.current = false
    }
  }, [])
  useEffect(() => {
    if (before) {
      setWait(before.retryAfter)
    }
  }, [before])
  useEffect(() => {
    if (wait <= 0) {
      return
    }
    const tick = setTimeout(() => setWait(wait - 1), 1000)
    return () => clearTimeout(tick)
  }, [wait])
  // To the first field that is at fault; where none is, to the sentence.
  useEffect(() => {
    if (refusal) {
      const flawed = ref.current?.querySelector<HTMLElement>('[aria-invalid="true"]') ?? ref.current?.querySelector<HTMLElement>('.fault')
      flawed?.focus()
    }
  }, [refusal])

  async function run(form: HTMLFormElement): Promise<void> {
    setBusy(true)
    setRefusal(null)
    try {
      await submit(new FormData(form))
    } catch (error) {
      const said = error instanceof Refusal ? error : new Refusal('INTERNAL')
      if (alive.current) {
        setRefusal(said)
        setWait(said.retryAfter)
      }
      if (!(error instanceof Refusal)) {
        console.error(error)
      }
    }
    if (alive.current) {
      setBusy(false)
    }
  }

  return {
    busy,
    refusal,
    wait,
    ref,
    onSubmit: (event) => {
      event.preventDefault()
      if (!busy && wait <= 0) {
        void run(event.currentTarget as HTMLFormElement)
      }
    },
    clear: () => setRefusal(null),
  }
}

// text is a field as it was typed; '' where there is none.
export function text(fields: FormData, name: string): string {
  const value = fields.get(name)
  return typeof value === 'string' ? value : ''
}

// optional is a field that may be left empty.
export function optional(fields: FormData, name: string): string | null {
  return text(fields, name).trim() || null
}
