// The tabs of one browser share one session, by its cookies. Here they agree on
// who does what there should be one of, and tell each other what has happened.
//
// Without Web Locks (they are for secure contexts, localhost among them) each tab
// goes by itself: the server lets two of them refresh at once within its window.

export type News = { kind: 'signed-in' } | { kind: 'signed-out'; reason: string } | { kind: 'changed' }

const channel = 'BroadcastChannel' in window ? new BroadcastChannel('gatehouse') : undefined

export function tell(news: News): void {
  channel?.postMessage(news)
}

export function hear(listener: (news: News) => void): () => void {
  const on = (event: MessageEvent<News>) => listener(event.data)
  channel?.addEventListener('message', on)
  return () => channel?.removeEventListener('message', on)
}

// alone runs work while no other tab runs work of the same name.
export async function alone<T>(name: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!navigator.locks) {
    return work()
  }
  return navigator.locks.request('gatehouse-' + name, signal ? { signal } : {}, work) as Promise<T>
}
