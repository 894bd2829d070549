// What the page remembers from one operation to the next, so that nobody has to
// carry tokens from one tab to another by hand. It lives as long as the page: all
// of it is secret, and none of it is stored.

export function nothingKnown() {
  return {
    email: 'ada@example.org',
    password: 'seven bright lanterns',
    flow: 'the flow of Register',
    accessToken: 'the access token of Login',
    refreshToken: 'the refresh token of Login',
  }
}

// Members that hold the same thing wherever an answer has them.
const given = ['email', 'flow', 'accessToken', 'refreshToken']

// Members of an input that are the user's password, once the server took them.
const typed = ['password', 'newPassword']

// learn takes what an answer gave into known. An operation that failed proves
// nothing of what was typed.
export function learn(known, variables, answer) {
  if (!answer?.data || answer.errors) {
    return
  }
  collect(known, answer.data)
  for (const name of typed) {
    known.password = variables?.input?.[name] ?? known.password
  }
}

function collect(known, value) {
  if (typeof value !== 'object' || value === null) {
    return
  }
  for (const [name, member] of Object.entries(value)) {
    if (given.includes(name) && typeof member === 'string') {
      known[name] = member
    } else {
      collect(known, member)
    }
  }
}
