// What the server wrote into the page for us: nothing of it is a secret.

export interface Shell {
  endpoint: string // of the GraphQL API
  base: string // the path of these pages, without a slash at its end
  brand: string
  origins: string[] // where ?returnTo= may lead
  language: 'en' | 'de'
}

export function readShell(place: HTMLElement): Shell {
  const given = place.dataset
  return {
    endpoint: given.endpoint ?? '/graphql',
    base: given.base ?? '/account',
    brand: given.brand ?? '',
    origins: (given.origins ?? '').split(' ').filter(Boolean),
    language: document.documentElement.lang === 'de' ? 'de' : 'en',
  }
}

function findPlace(): HTMLElement {
  const found = document.getElementById('account')
  if (!found) {
    throw new Error('this page has no place for the application')
  }
  return found
}

export const place = findPlace()
export const shell = readShell(place)
