// Who is signed in here: one truth for this tab, in step with the other tabs.
import { useEffect, useState } from 'preact/hooks'

import { ask, onEnd } from './client'
import { Logout, Me } from './documents'
import type { MeQuery } from './contract/graphql'
import { Refusal } from './refusal'
import { followSession } from './stream'
import { hear, tell } from './tabs'

export type User = NonNullable<MeQuery['me']>

export type State =
  | { kind: 'unknown' } // nobody was asked yet
  | { kind: 'unreachable'; code: string } // asked, and no answer that helps
  | { kind: 'out'; reason: string } // the reason is '' where nobody has to be told
  | { kind: 'in'; user: User }

let state: State = { kind: 'unknown' }
const watchers = new Set<(state: State) => void>()
let stopFollowing: (() => void) | undefined

function become(next: State): void {
  state = next
  if (next.kind !== 'in') {
    stopFollowing?.()
    stopFollowing = undefined
  } else if (!stopFollowing) {
    stopFollowing = followSession(
      (reason) => {
        tell({ kind: 'signed-out', reason })
        leave(reason)
      },
      () => find(),
    )
  }
  watchers.forEach((watch) => watch(next))
}

function leave(reason: string): void {
  if (state.kind === 'in') {
    become({ kind: 'out', reason })
  }
}

// find asks the server who is signed in. The reason is told where it is nobody any
// more.
export async function find(reason = 'EXPIRED'): Promise<void> {
  try {
    const { me } = await ask(Me, {})
    become(me ? { kind: 'in', user: me } : { kind: 'out', reason: '' })
  } catch (error) {
    const code = error instanceof Refusal ? error.code : 'NETWORK'
    if (code !== 'UNAUTHENTICATED') {
      become(state.kind === 'in' ? state : { kind: 'unreachable', code })
    } else if (state.kind !== 'out') {
      become({ kind: 'out', reason: state.kind === 'in' ? reason : '' })
    }
  }
}

// arrived is called when this tab has signed in.
export async function arrived(): Promise<void> {
  tell({ kind: 'signed-in' })
  await find()
}

// changed is called when this tab has changed the user.
export function changed(part: Partial<User>): void {
  if (state.kind === 'in') {
    become({ kind: 'in', user: { ...state.user, ...part } })
    tell({ kind: 'changed' })
  }
}

// signOut ends the session here and in all tabs.
export async function signOut(): Promise<void> {
  await ask(Logout, {})
  gone('LOGOUT')
}

// gone says that the session has ended by what this tab did.
export function gone(reason: string): void {
  become({ kind: 'out', reason })
  tell({ kind: 'signed-out', reason })
}

onEnd((reason) => {
  tell({ kind: 'signed-out', reason })
  leave(reason)
})

hear((news) => {
  switch (news.kind) {
    case 'signed-out':
      leave(news.reason)
      break
    case 'signed-in':
      // Another session than the one that is listened for.
      stopFollowing?.()
      stopFollowing = undefined
      void find()
      break
    case 'changed':
      void find()
  }
})

export function useSession(): State {
  const [now, set] = useState(state)
  useEffect(() => {
    watchers.add(set)
    set(state)
    return () => {
      watchers.delete(set)
    }
  }, [])
  return now
}
