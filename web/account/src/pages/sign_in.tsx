import { Link } from 'wouter-preact'

import { ask } from '../client'
import { Login } from '../documents'
import { text, useForm } from '../form'
import { arrived } from '../session'
import { useSettings } from '../settings'
import { t } from '../texts'
import { Field, FormOf, Page, Submit } from '../ui'

// SignIn is where everybody begins; the reason says why somebody is back here.
export function SignIn({ reason }: { reason: string }) {
  const settings = useSettings()
  const form = useForm(async (fields) => {
    await ask(Login, { input: { identifier: text(fields, 'identifier').trim(), password: text(fields, 'password'), transport: 'COOKIE' } })
    await arrived()
  })
  return (
    <Page title={t.signIn.title} first={!reason}>
      {reason && !form.refusal && (
        <p class="notice" role="status">
          {t.ended[reason] ?? t.fault.UNAUTHENTICATED}
        </p>
      )}
      <FormOf form={form}>
        <Field
          form={form}
          name="identifier"
          label={settings.usernames ? t.signIn.identifier : t.signIn.email}
          type={settings.usernames ? 'text' : 'email'}
          inputMode="email"
          autocomplete="username webauthn"
          autoFocus
        />
        <Field form={form} name="password" label={t.signIn.password} type="password" autocomplete="current-password webauthn" />
        <Submit form={form}>{t.signIn.button}</Submit>
      </FormOf>
      <ul class="ways">
        <li>
          <Link href="/forgotten">{t.signIn.forgotten}</Link>
        </li>
        {settings.registrationOpen && (
          <li>
            {t.signIn.newHere} <Link href="/register">{t.signIn.register}</Link>
          </li>
        )}
      </ul>
    </Page>
  )
}
