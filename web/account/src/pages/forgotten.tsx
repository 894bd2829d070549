import { useState } from 'preact/hooks'
import { Link } from 'wouter-preact'

import { ask } from '../client'
import { RequestPasswordReset, RequestUsernameReset } from '../documents'
import { text, useForm } from '../form'
import { useSettings } from '../settings'
import { t } from '../texts'
import { Done, Field, FormOf, Page, Submit } from '../ui'

// Forgotten sends a link by which a password is chosen. What it says does not
// tell whether there is an account.
export function Forgotten() {
  const settings = useSettings()
  const [sent, setSent] = useState('')
  const form = useForm(async (fields) => {
    const { requestPasswordReset } = await ask(RequestPasswordReset, { input: { email: text(fields, 'email').trim() } })
    setSent(requestPasswordReset.email)
  })
  return (
    <Page title={t.forgotten.title}>
      {sent ? (
        <Done>{t.forgotten.done(sent)}</Done>
      ) : (
        <>
          <p>{t.forgotten.lead}</p>
          <FormOf form={form}>
            <Field form={form} name="email" label={t.signIn.email} type="email" autocomplete="email" autoFocus />
            <Submit form={form}>{t.forgotten.button}</Submit>
          </FormOf>
        </>
      )}
      <ul class="ways">
        {settings.usernames && (
          <li>
            <Link href="/forgotten-username">{t.forgotten.username}</Link>
          </li>
        )}
        <li>
          <Link href="/">{t.signIn.title}</Link>
        </li>
      </ul>
    </Page>
  )
}

export function ForgottenUsername() {
  const [sent, setSent] = useState('')
  const form = useForm(async (fields) => {
    const { requestUsernameReset } = await ask(RequestUsernameReset, { input: { email: text(fields, 'email').trim() } })
    setSent(requestUsernameReset.email)
  })
  return (
    <Page title={t.forgotten.usernameTitle}>
      {sent ? (
        <Done>{t.forgotten.done(sent)}</Done>
      ) : (
        <>
          <p>{t.forgotten.usernameLead}</p>
          <FormOf form={form}>
            <Field form={form} name="email" label={t.signIn.email} type="email" autocomplete="email" autoFocus />
            <Submit form={form}>{t.forgotten.button}</Submit>
          </FormOf>
        </>
      )}
      <ul class="ways">
        <li>
          <Link href="/">{t.signIn.title}</Link>
        </li>
      </ul>
    </Page>
  )
}
