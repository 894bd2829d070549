import { useState } from 'preact/hooks'
import { Link } from 'wouter-preact'

import { ask } from '../client'
import { Activate as Document, ResendActivation } from '../documents'
import { text, useForm } from '../form'
import { dropToken, tokenOf } from '../link'
import { Refusal } from '../refusal'
import { arrived } from '../session'
import { useSettings } from '../settings'
import { t } from '../texts'
import { Done, Field, FormOf, Page, Submit } from '../ui'

// The flow shows that it is the same client that registered. It is kept for this
// tab alone, so that loading the page again in the middle loses nothing.
const kept = 'gatehouse-registration'

interface Registration {
  email: string
  flow: string
}

export function keepFlow(email: string, flow: string): void {
  sessionStorage.setItem(kept, JSON.stringify({ email, flow } satisfies Registration))
}

function readFlow(): Registration | null {
  try {
    const read = JSON.parse(sessionStorage.getItem(kept) ?? 'null') as Partial<Registration> | null
    return read?.email && read.flow ? { email: read.email, flow: read.flow } : null
  } catch {
    return null
  }
}

async function activated(): Promise<void> {
  sessionStorage.removeItem(kept)
  dropToken()
  await arrived()
}

// Activate takes the digits where somebody registered in this tab, and the
// password where the link was opened elsewhere.
export function Activate() {
  const { registrationOpen } = useSettings()
  const token = tokenOf()
  const registration = readFlow()
  if (token) {
    return <ByLink token={token} flow={registration?.flow} />
  }
  if (registration) {
    return <ByDigits {...registration} />
  }
  return (
    <Page title={t.activate.title}>
      <p>{t.activate.nothing}</p>
      <p>{registrationOpen ? <Link href="/register">{t.register.title}</Link> : <Link href="/">{t.signIn.title}</Link>}</p>
    </Page>
  )
}

function ByDigits({ email, flow }: Registration) {
  const [again, setAgain] = useState(false)
  const form = useForm(async (fields) => {
    setAgain(false)
    await ask(Document, { input: { code: text(fields, 'code').replace(/\D/g, ''), flow, transport: 'COOKIE' } })
    await activated()
  })
  const resend = useForm(async () => {
    await ask(ResendActivation, { input: { email, flow } })
    form.clear()
    setAgain(true)
  })
  return (
    <Page title={t.activate.title}>
      <p>{t.activate.sent(email)}</p>
      {again && <Done>{t.activate.sentAgain}</Done>}
      <FormOf form={form} said={form.refusal?.code === 'INVALID_CREDENTIALS' ? t.activate.wrong : undefined}>
        <Field form={form} name="code" label={t.activate.digits} autocomplete="one-time-code" inputMode="numeric" pattern="[0-9 ]*" maxLength={8} className="digits" autoFocus />
        <Submit form={form}>{t.activate.button}</Submit>
      </FormOf>
      <FormOf form={resend} label={t.activate.again}>
        <Submit form={resend} kind="plain">
          {t.activate.again}
        </Submit>
      </FormOf>
    </Page>
  )
}

function ByLink({ token, flow: kept }: { token: string; flow: string | undefined }) {
  const [flow, setFlow] = useState(kept)
  const form = useForm(async (fields) => {
    const proof = flow ? { flow } : { password: text(fields, 'password') }
    try {
      await ask(Document, { input: { token, ...proof, transport: 'COOKIE' } })
    } catch (error) {
      if (flow && error instanceof Refusal && error.code === 'INVALID_CREDENTIALS') {
        setFlow(undefined) // that of another registration: the password is left
        return
      }
      throw error
    }
    await activated()
  })
  return (
    <Page title={t.activate.linkTitle}>
      {!flow && <p>{t.activate.linkLead}</p>}
      <FormOf form={form} said={form.refusal?.code === 'INVALID_CREDENTIALS' ? t.activate.linkFailed : undefined}>
        {!flow && <Field form={form} name="password" label={t.activate.linkPassword} type="password" autocomplete="current-password" autoFocus />}
        <Submit form={form}>{t.activate.button}</Submit>
      </FormOf>
    </Page>
  )
}
