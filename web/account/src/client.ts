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

// Where the tabs see that one of them has renewed, and with which key one asked
// whose answer did not come: asked again with it, the server gives that answer
// again, and takes nobody for a thief.
// The name of the last time is by chance: clocks are set back.
const renewed = 'gatehouse-renewed'
const renewingKey = 'gatehouse-renewing'

// What a renewal is refused with where the session is over.
export const over = new Set(['INVALID_TOKEN', 'EXPIRED_TOKEN', 'REFRESH_TOKEN_REUSED'])

// What says nothing of the session.
const helpless = new Set(['NETWORK', 'INTERNAL', 'OVERLOADED', 'RATE_LIMITED', 'ORIGIN_REFUSED'])

// Why the last renewal came to nothing, where the session may live on.
let hindrance: Refusal | undefined

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
  const before = localStorage.getItem(renewed)
  hindrance = undefined
  await alone('renew', async () => {
    if (localStorage.getItem(renewed) !== before) {
      return // by another tab, while this one waited
    }
    const key = localStorage.getItem(renewingKey) ?? crypto.randomUUID()
    localStorage.setItem(renewingKey, key)
    const { error } = await refresh(key)
    const refusal = error && refusalOf(error)
    if (refusal?.code !== 'NETWORK') {
      localStorage.removeItem(renewingKey) // without an answer it is kept for the next try
    }
    if (!refusal) {
      localStorage.setItem(renewed, crypto.randomUUID())
    } else if (helpless.has(refusal.code)) {
      hindrance = refusal
    } else {
      // Anything else says that the browser has no token any more.
      const reason = over.has(refusal.code) ? refusal.code : 'EXPIRED_TOKEN'
      ends.forEach((listener) => listener(reason))
    }
  })
}

type Proof = () => Promise<boolean>
let prove: Proof | undefined

// proveBy says how the user is asked for the password once more. What is asked for
// meanwhile goes by the same answer.
export function proveBy(ask: Proof | undefined): void {
  let proving: Promise<boolean> | undefined
  prove = ask && (() => (proving ??= ask().finally(() => (proving = undefined))))
}

async function send<Data, Variables>(document: TypedDocumentString<Data, Variables>, variables: Variables): Promise<Data> {
  const text = document.toString()
  const given = variables as AnyVariables
  const result = await (text.trimStart().startsWith('query') ? client.query(text, given) : client.mutation(text, given)).toPromise()
  if (result.error) {
    const refusal = refusalOf(result.error)
    // A server that has no time to renew has signed nobody out.
    throw refusal.code === 'UNAUTHENTICATED' && hindrance ? hindrance : refusal
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
  if (!(await prove())) {
    throw new Refusal('REAUTHENTICATION_REQUIRED')
  }
  return send(document, variables)
}

// reauthenticate gives the password once more.
export async function reauthenticate(password: string): Promise<void> {
  await send(Reauthenticate, { input: { password } })
}
