// The pages that the links of letters may lead to. Opening one does nothing; its
// button does.
import { useState } from 'preact/hooks'
import { Link } from 'wouter-preact'

import { ask } from '../client'
import { ConfirmEmailChange, DeclineRegistration, ResetPassword, ResetUsername, RevertEmailChange } from '../documents'
import { text, useForm } from '../form'
import { dropToken, tokenOf } from '../link'
import { find, useSession } from '../session'
import { shell } from '../shell'
import { t } from '../texts'
import { Done, Field, FormOf, Page, Submit } from '../ui'
import { NewPassword } from '../ui/new_password'

function useToken(): string {
  return useState(() => tokenOf())[0]
}

function Incomplete({ title }: { title: string }) {
  return (
    <Page title={title}>
      <p class="notice">{t.link.missing}</p>
      <Onward />
    </Page>
  )
}

// Onward leads on from what is done: home, or to where one signs in.
function Onward() {
  const session = useSession()
  return (
    <p>
      <Link href="/">{session.kind === 'in' ? t.notFound.home : t.signIn.title}</Link>
    </p>
  )
}

export function DeclinePage() {
  const token = useToken()
  const [done, setDone] = useState(false)
  const form = useForm(async () => {
    await ask(DeclineRegistration, { input: { token } })
    dropToken()
    setDone(true)
  })
  if (!token && !done) {
    return <Incomplete title={t.decline.title} />
  }
  return (
    <Page title={t.decline.title}>
      {done ? (
        <Done>{t.decline.done}</Done>
      ) : (
        <FormOf form={form} said={form.refusal?.code === 'INVALID_TOKEN' ? t.decline.again : undefined}>
          <p>{t.decline.lead(shell.brand)}</p>
          <Submit form={form}>{t.decline.button}</Submit>
          <p>{t.decline.leave}</p>
        </FormOf>
      )}
    </Page>
  )
}

export function ResetPage() {
  const token = useToken()
  const [done, setDone] = useState(false)
  const form = useForm(async (fields) => {
    await ask(ResetPassword, { input: { token, newPassword: text(fields, 'newPassword') } })
    dropToken()
    setDone(true)
    await find('PASSWORD_RESET')
  })
  if (!token && !done) {
    return <Incomplete title={t.reset.title} />
  }
  return (
    <Page title={t.reset.title}>
      {done ? (
        <>
          <Done>{t.reset.done}</Done>
          <Onward />
        </>
      ) : (
        <FormOf form={form}>
          <NewPassword form={form} name="newPassword" label={t.reset.password} />
          <Submit form={form}>{t.reset.button}</Submit>
        </FormOf>
      )}
    </Page>
  )
}

export function ResetUsernamePage() {
  const token = useToken()
  const [done, setDone] = useState('')
  const form = useForm(async (fields) => {
    const { resetUsername } = await ask(ResetUsername, { input: { token, username: text(fields, 'username').trim() } })
    dropToken()
    setDone(resetUsername.username)
    await find()
  })
  if (!token && !done) {
    return <Incomplete title={t.resetUsername.title} />
  }
  return (
    <Page title={t.resetUsername.title}>
      {done ? (
        <>
          <Done>{t.resetUsername.done(done)}</Done>
          <Onward />
        </>
      ) : (
        <FormOf form={form}>
          <Field form={form} name="username" label={t.resetUsername.username} hint={t.register.usernameHint} autocomplete="username" autoFocus />
          <Submit form={form}>{t.resetUsername.button}</Submit>
        </FormOf>
      )}
    </Page>
  )
}

export function ConfirmEmailPage() {
  const token = useToken()
  const [done, setDone] = useState('')
  const form = useForm(async () => {
    const { confirmEmailChange } = await ask(ConfirmEmailChange, { input: { token } })
    dropToken()
    setDone(confirmEmailChange.email)
    await find()
  })
  if (!token && !done) {
    return <Incomplete title={t.confirmEmail.title} />
  }
  return (
    <Page title={t.confirmEmail.title}>
      {done ? (
        <>
          <Done>{t.confirmEmail.done(done)}</Done>
          <Onward />
        </>
      ) : (
        <FormOf form={form}>
          <p>{t.confirmEmail.lead}</p>
          <Submit form={form}>{t.confirmEmail.button}</Submit>
        </FormOf>
      )}
    </Page>
  )
}

export function RevertEmailPage() {
  const token = useToken()
  const [done, setDone] = useState('')
  const form = useForm(async () => {
    const { revertEmailChange } = await ask(RevertEmailChange, { input: { token } })
    dropToken()
    setDone(revertEmailChange.email)
    await find('EMAIL_CHANGED')
  })
  if (!token && !done) {
    return <Incomplete title={t.revertEmail.title} />
  }
  return (
    <Page title={t.revertEmail.title}>
      {done ? (
        <>
          <Done>{t.revertEmail.done(done)}</Done>
          <Onward />
        </>
      ) : (
        <FormOf form={form}>
          <p>{t.revertEmail.lead}</p>
          <Submit form={form}>{t.revertEmail.button}</Submit>
        </FormOf>
      )}
    </Page>
  )
}
