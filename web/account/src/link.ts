// The token of a letter's link: after # where the team had it put there, so that
// no server's log has it, or after ?.
export function tokenOf(at: Location = location): string {
  const find = (text: string) => new URLSearchParams(text).get('token') ?? ''
  const token = find(at.hash.slice(1)) || find(at.search)
  return /^[A-Za-z0-9_-]{43}$/.test(token) ? token : ''
}

// dropToken takes it out of the address bar and the history once it was used.
export function dropToken(): void {
  history.replaceState(history.state, '', location.pathname)
}
