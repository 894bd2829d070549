// Who is signed in here: one truth for this tab, in step with the other tabs.
import { useEffect, useState } from 'preact/hooks'

import { ask, onEnd, over } from './client'
import { Logout, Me } from './documents'
import type { MeQuery } from './contract/graphql'
import { Refusal } from './refusal'
import { followSession } from './stream'
import { hear, tell } from './tabs'

export type User = NonNullable<MeQuery['me']>

export type State =
  | { kind: 'unknown' } // nobody was asked yet
  | { kind: 'unreachable'; refusal: Refusal } // asked, and no answer that helps
  | { kind: 'out'; reason: string } // the reason is '' where nobody has to be told
  | { kind: 'in'; user: User }

let state: State = { kind: 'unknown' }
const watchers = new Set<(state: State) => void>()
let stopFollowing: (() => void) | undefined
let asked = 0 // how often; what was asked before somebody left says nothing any more

function become(next: State): void {
  state = next
  if (next.kind !== 'in') {
    asked++
    unfollow()
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

function unfollow(): void {
  stopFollowing?.()
  stopFollowing = undefined
}

function leave(reason: string): void {
  if (state.kind === 'in') {
    become({ kind: 'out', reason })
  }
}

// find asks the server who is signed in. The reason is told where it is nobody any
// more.
export async function find(reason = 'EXPIRED'): Promise<void> {
  const mine = ++asked
  const overtaken = () => mine !== asked
  try {
    const { me } = await ask(Me, {})
    if (overtaken()) {
      return
    }
    if (state.kind === 'in' && me?.id !== state.user.id) {
      unfollow()
    }
    become(me ? { kind: 'in', user: me } : { kind: 'out', reason: '' })
  } catch (error) {
    if (overtaken()) {
      return
    }
    const refusal = error instanceof Refusal ? error : new Refusal('NETWORK')
    if (refusal.code !== 'UNAUTHENTICATED') {
      become(state.kind === 'in' ? state : { kind: 'unreachable', refusal })
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
      // A renewal that was refused was perhaps asked for before this tab signed in.
      if (over.has(news.reason)) {
        recheck(news.reason)
      } else {
        leave(news.reason)
      }
      break
    case 'signed-in':
      unfollow() // it is another session
      void find()
      break
    case 'changed':
      void find()
  }
})

// recheck asks again where this tab believes that somebody is signed in.
function recheck(reason?: string): void {
  if (state.kind === 'in') {
    void find(reason)
  }
}

// An app that shares the cookies tells nobody here whom it signs in and out.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') {
    recheck()
  }
})

// What the browser kept of a page to show it again at once may be of somebody who
// has left since.
addEventListener('pageshow', (event) => {
  if (event.persisted && state.kind === 'in') {
    become({ kind: 'unknown' })
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
