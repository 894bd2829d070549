import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Link } from 'wouter-preact'

import { ask } from '../client'
import { RequestPasswordReset, RequestUsernameReset } from '../documents'
import { text, useForm } from '../form'
import { useSettings } from '../settings'
import { t } from '../texts'
import { Done, Field, FormOf, Page, Submit } from '../ui'

// Forgotten sends a link by which a password is chosen.
export function Forgotten() {
  const { usernames } = useSettings()
  return (
    <LinkSent
      title={t.forgotten.title}
      lead={t.forgotten.lead}
      send={async (email) => (await ask(RequestPasswordReset, { input: { email } })).requestPasswordReset.email}
      way={usernames && <Link href="/forgotten-username">{t.forgotten.username}</Link>}
    />
  )
}

// ForgottenUsername sends one by which a username is chosen.
export function ForgottenUsername() {
  return (
    <LinkSent
      title={t.forgotten.usernameTitle}
      lead={t.forgotten.usernameLead}
      send={async (email) => (await ask(RequestUsernameReset, { input: { email } })).requestUsernameReset.email}
    />
  )
}

interface Props {
  title: string
  lead: string
  send: (email: string) => Promise<string> // gives the address back
  way?: ComponentChildren // to what else may be meant
}

// LinkSent asks for an address. What it says then does not tell whether there is
// an account.
function LinkSent({ title, lead, send, way }: Props) {
  const [sent, setSent] = useState('')
  const form = useForm(async (fields) => setSent(await send(text(fields, 'email').trim())))
  return (
    <Page title={title}>
      {sent ? (
        <Done>{t.forgotten.done(sent)}</Done>
      ) : (
        <>
          <p>{lead}</p>
          <FormOf form={form}>
            <Field form={form} name="email" label={t.signIn.email} type="email" autocomplete="email" autoFocus />
            <Submit form={form}>{t.forgotten.button}</Submit>
          </FormOf>
        </>
      )}
      <ul class="ways">
        {way && <li>{way}</li>}
        <li>
          <Link href="/">{t.signIn.title}</Link>
        </li>
      </ul>
    </Page>
  )
}
