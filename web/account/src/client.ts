// The way to the API: documents go out with the cookies of this origin, an
// access token that has expired is renewed once for all tabs, and a refusal is
// thrown.
import { authExchange } from '@urql/exchange-auth'
import { Client, fetchExchange, type AnyVariables, type OperationResult } from '@urql/core'

import type { TypedDocumentString } from './contract/graphql'
import { Reauthenticate, Refresh } from './documents'
import { Refusal, refusalOf } from './refusal'
import { shell } from './shell'
import { alone } from './tabs'

// Where the tabs see when the last of them renewed, and with which key one asked
// whose answer did not come: asked again with it, the server gives that answer
// again, and takes nobody for a thief.
const renewedAt = 'gatehouse-renewed'
const renewingKey = 'gatehouse-renewing'

const over = new Set(['INVALID_TOKEN', 'EXPIRED_TOKEN', 'REFRESH_TOKEN_REUSED'])

type Listener = (reason: string) => void
const ends = new Set<Listener>()

// onEnd hears that the session can not be renewed any more, with the code of the
// refusal as the reason.
export function onEnd(listener: Listener): () => void {
  ends.add(listener)
  return () => ends.delete(listener)
}

const client = new Client({
  url: shell.endpoint,
  preferGetMethod: false,
  requestPolicy: 'network-only',
  fetchOptions: { credentials: 'same-origin', cache: 'no-store' },
  exchanges: [
    authExchange(async (utils) => ({
      addAuthToOperation: (operation) => operation, // cookies go by themselves
      didAuthError: (error) => error.graphQLErrors.some((e) => e.extensions.code === 'UNAUTHENTICATED'),
      refreshAuth: () => renew(async (key) => utils.mutate(Refresh.toString(), { input: { idempotencyKey: key } })),
    })),
    fetchExchange,
  ],
})

async function renew(refresh: (key: string) => Promise<OperationResult>): Promise<void> {
  const asked = Date.now()
  await alone('renew', async () => {
    if (Number(localStorage.getItem(renewedAt)) > asked) {
      return // by another tab, while this one waited
    }
    const key = localStorage.getItem(renewingKey) ?? crypto.randomUUID()
    localStorage.setItem(renewingKey, key)
    const { error } = await refresh(key)
    if (error && error.graphQLErrors.length === 0) {
      return // no answer: the key is kept for the next try
    }
    localStorage.removeItem(renewingKey)
    if (!error) {
      localStorage.setItem(renewedAt, String(Date.now()))
      return
    }
    const { code } = refusalOf(error)
    if (over.has(code)) {
      ends.forEach((listener) => listener(code))
    }
  })
}

let prove: (() => Promise<string | null>) | undefined

// proveBy says how the user is asked for the password once more; null is no.
export function proveBy(ask: (() => Promise<string | null>) | undefined): void {
  prove = ask
}

async function send<Data, Variables>(document: TypedDocumentString<Data, Variables>, variables: Variables): Promise<Data> {
  const text = document.toString()
  const given = variables as AnyVariables
  const result = await (text.trimStart().startsWith('query') ? client.query(text, given) : client.mutation(text, given)).toPromise()
  if (result.error) {
    throw refusalOf(result.error)
  }
  return result.data as Data
}

// ask sends a document, and throws a Refusal where it was refused. What wants a
// recent sign-in is sent again once the user has given the password.
export async function ask<Data, Variables>(document: TypedDocumentString<Data, Variables>, variables: Variables): Promise<Data> {
  try {
    return await send(document, variables)
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'REAUTHENTICATION_REQUIRED' || !prove) {
      throw error
    }
  }
  if ((await prove()) === null) {
    throw new Refusal('REAUTHENTICATION_REQUIRED')
  }
  return send(document, variables)
}

// reauthenticate gives the password once more.
export async function reauthenticate(password: string): Promise<void> {
  await send(Reauthenticate, { input: { password } })
}
