// Back to the app that sent the user here. Only to an origin that the server
// names, compared whole: a page that leads wherever an URL says lends its name to
// every phisher (an open redirect).
import { shell } from './shell'

const kept = 'gatehouse-return-to'

export function allowedReturn(text: string | null, origins: string[]): string | null {
  if (!text) {
    return null
  }
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return null
  }
  // A URL with credentials shows one name and leads to another.
  if ((url.protocol !== 'https:' && url.protocol !== 'http:') || url.username || url.password) {
    return null
  }
  return origins.includes(url.origin) ? url.href : null
}

// rememberReturn keeps where to go after signing in, through registration too.
export function rememberReturn(): void {
  const asked = allowedReturn(new URLSearchParams(location.search).get('returnTo'), shell.origins)
  if (asked) {
    sessionStorage.setItem(kept, asked)
  }
}

// takeReturn gives where to go, once.
export function takeReturn(): string | null {
  const found = allowedReturn(sessionStorage.getItem(kept), shell.origins)
  sessionStorage.removeItem(kept)
  return found
}
