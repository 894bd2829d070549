// Hears from the server that the session has ended, the moment it happens. One
// tab of the browser listens for all: whoever holds the lock. When it closes, the
// next in line goes on.
import { createClient } from 'graphql-sse'

import { SessionEnded } from './documents'
import { shell } from './shell'
import { alone } from './tabs'

const firstPause = 1_000
const longestPause = 60_000

// The server's answer to a cookie that is no good any more, as after it was
// restarted while nobody used the page for a while.
const refused = Symbol('refused')

// followSession calls ended once, with the reason. The session is found by the
// cookie; where that is too old, find renews it, or finds that the session has
// ended meanwhile.
export function followSession(ended: (reason: string) => void, find: () => Promise<void>): () => void {
  const stop = new AbortController()
  void alone('stream', () => listen(ended, find, stop.signal), stop.signal).catch(() => undefined) // stopped while it waited
  return () => stop.abort()
}

async function listen(ended: (reason: string) => void, find: () => Promise<void>, stop: AbortSignal): Promise<void> {
  const client = createClient({
    url: shell.endpoint,
    credentials: 'same-origin',
    retryAttempts: 0,
    fetchFn: (input: RequestInfo | URL, init?: RequestInit) => fetch(input, { ...init, cache: 'no-store' }),
  })
  let pause = firstPause
  let renewed = false
  while (!stop.aborted) {
    const begun = Date.now()
    const answer = await once(client, stop)
    if (typeof answer === 'string') {
      ended(answer)
      return
    }
    if (answer === refused && !renewed) {
      // What find has renewed is good at once, and not for ever.
      await find()
      renewed = true
      continue
    }
    renewed = false
    if (Date.now() - begun > pause) {
      pause = firstPause // it held for a while: this is another break
    }
    await new Promise<void>((resume) => {
      // Chance keeps the pages of a server that was restarted from coming together.
      const waiting = setTimeout(resume, pause * (0.5 + Math.random()))
      stop.addEventListener('abort', () => (clearTimeout(waiting), resume()), { once: true })
    })
    pause = Math.min(2 * pause, longestPause)
  }
}

function once(client: ReturnType<typeof createClient>, stop: AbortSignal): Promise<string | typeof refused | undefined> {
  return new Promise((resolve) => {
    let reason: string | typeof refused | undefined
    const cancel = client.subscribe<{ sessionEnded: { reason: string } }>(
      { query: SessionEnded.toString() },
      {
        next: ({ data, errors }) => {
          if (errors?.some((e) => e.extensions?.code === 'UNAUTHENTICATED')) {
            reason = refused
          }
          reason = data?.sessionEnded?.reason ?? reason
        },
        error: () => resolve(reason),
        complete: () => resolve(reason),
      },
    )
    stop.addEventListener('abort', () => (cancel(), resolve(undefined)), { once: true })
  })
}
