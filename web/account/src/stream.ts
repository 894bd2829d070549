// Hears from the server that the session has ended, the moment it happens. One
// tab of the browser listens for all: whoever holds the lock. When it closes, the
// next in line goes on.
import { createClient } from 'graphql-sse'

import { SessionEnded } from './documents'
import { shell } from './shell'
import { alone } from './tabs'

const firstPause = 1_000
const longestPause = 60_000

// followSession calls back once, with the reason. The session is found by the
// cookie; where that is too old, the next question of the page renews it, and the
// stream is tried again.
export function followSession(ended: (reason: string) => void): () => void {
  const stop = new AbortController()
  void alone('stream', () => listen(ended, stop.signal), stop.signal).catch(() => undefined) // stopped while it waited
  return () => stop.abort()
}

async function listen(ended: (reason: string) => void, stop: AbortSignal): Promise<void> {
  const client = createClient({
    url: shell.endpoint,
    credentials: 'same-origin',
    retryAttempts: 0,
    fetchFn: (input: RequestInfo | URL, init?: RequestInit) => fetch(input, { ...init, cache: 'no-store' }),
  })
  for (let pause = firstPause; !stop.aborted; pause = Math.min(2 * pause, longestPause)) {
    const reason = await once(client, stop)
    if (reason) {
      ended(reason)
      return
    }
    await new Promise<void>((resume) => {
      // Chance keeps the pages of a server that was restarted from coming together.
      const waiting = setTimeout(resume, pause * (0.5 + Math.random()))
      stop.addEventListener('abort', () => (clearTimeout(waiting), resume()), { once: true })
    })
  }
}

function once(client: ReturnType<typeof createClient>, stop: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    let reason: string | undefined
    const cancel = client.subscribe<{ sessionEnded: { reason: string } }>(
      { query: SessionEnded.toString() },
      {
        next: ({ data }) => (reason = data?.sessionEnded?.reason ?? reason),
        error: () => resolve(reason),
        complete: () => resolve(reason),
      },
    )
    stop.addEventListener('abort', () => (cancel(), resolve(undefined)), { once: true })
  })
}
