import { useEffect, useState } from 'preact/hooks'

import { ask } from '../client'
import type { SessionsQuery } from '../contract/graphql'
import { describe } from '../device'
import { RevokeOtherSessions, RevokeSession, Sessions as Document } from '../documents'
import { useForm } from '../form'
import { Refusal } from '../refusal'
import { ago, t } from '../texts'
import { Done, Fault, FormOf, Loading, Page, Submit } from '../ui'

type Session = NonNullable<SessionsQuery['me']>['sessions'][number]

// Sessions is where the user is signed in.
export function Sessions() {
  const [list, setList] = useState<Session[] | null>(null)
  const [refusal, setRefusal] = useState<Refusal | null>(null)
  const [done, setDone] = useState('')

  async function load(): Promise<void> {
    try {
      const { me } = await ask(Document, {})
      setList(me?.sessions ?? [])
      setRefusal(null)
    } catch (error) {
      setRefusal(error instanceof Refusal ? error : new Refusal('INTERNAL'))
    }
  }
  useEffect(() => void load(), [])

  const others = useForm(async () => {
    setDone('')
    const { revokeOtherSessions } = await ask(RevokeOtherSessions, {})
    setDone(t.sessions.endedOthers(revokeOtherSessions.sessionsEnded))
    await load()
  })
  return (
    <Page title={t.sessions.title}>
      <p>{t.sessions.lead}</p>
      {done && <Done>{done}</Done>}
      <Fault refusal={refusal} />
      {!list && !refusal && <Loading />}
      {list && (
        <ul class="sessions">
          {list.map((session) => (
            <One
              key={session.id}
              session={session}
              ended={() => {
                setDone(t.sessions.ended)
                void load()
              }}
            />
          ))}
        </ul>
      )}
      {list && list.length > 1 && (
        <FormOf form={others} label={t.sessions.endOthers}>
          <Submit form={others} kind="plain">
            {t.sessions.endOthers}
          </Submit>
        </FormOf>
      )}
    </Page>
  )
}

function One({ session, ended }: { session: Session; ended: () => void }) {
  const name = session.deviceName || describe(session.userAgent ?? '')
  // The server notes uses in steps of some minutes: nothing was used before it was
  // there.
  const used = session.lastUsedAt > session.createdAt ? session.lastUsedAt : session.createdAt
  const form = useForm(async () => {
    try {
      await ask(RevokeSession, { input: { sessionId: session.id } })
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'NOT_FOUND') {
        throw error
      }
    }
    ended()
  })
  return (
    <li>
      <div>
        <h2>
          {name} {session.current && <span class="badge">{t.sessions.current}</span>}
        </h2>
        <p class="hint">
          {t.sessions.used(ago(used))}
          {session.ipAddress && ` ${t.sessions.from(session.ipAddress)}`}, {t.sessions.since(ago(session.createdAt))}
        </p>
      </div>
      {!session.current && (
        <FormOf form={form} label={t.sessions.endOf(name)}>
          <Submit form={form} kind="plain">
            {t.sessions.end}
            <span class="unseen"> {name}</span>
          </Submit>
        </FormOf>
      )}
    </li>
  )
}
