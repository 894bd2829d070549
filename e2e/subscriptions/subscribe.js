// Subscribes to the end of a session as an app does, with the clients that the
// protocols come from, and prints as JSON what each was told. The arguments are
// the server's address and, of one session for each client, the access token and
// the refresh token.

import { createClient as createEventsClient } from 'graphql-sse'
import { createClient as createSocketClient } from 'graphql-ws'
import WebSocket from 'ws'

const [url, bySocket, byEvents] = [process.argv[2], process.argv.slice(3, 5), process.argv.slice(5, 7)]
const query = 'subscription { sessionEnded { sessionId reason } }'
const mutation = 'mutation { logout { sessionsEnded } }'

async function signOut(refreshToken) {
  const body = JSON.stringify({ query: 'mutation($input: LogoutInput) { logout(input: $input) { sessionsEnded } }', variables: { input: { refreshToken } } })
  await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
}

// all is every answer of a stream, or the errors with which it was refused.
async function all(stream) {
  const answers = []
  try {
    for await (const answer of stream) {
      answers.push(answer)
    }
    return { answers, completed: true }
  } catch (errors) {
    return { answers, errors }
  }
}

// socketClient sends its token in connection_init. The server answers what comes
// over one connection in order: its first pong shows that all before is in force.
function socketClient(token, inForce) {
  return createSocketClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: `Bearer ${token}` },
    keepAlive: 100,
    retryAttempts: 0,
    on: { pong: (received) => received && inForce?.() },
  })
}

function eventsClient(token, inForce) {
  return createEventsClient({
    url, headers: { Authorization: `Bearer ${token}` }, retryAttempts: 0,
    on: { connected: () => inForce?.() },
  })
}

// once has somebody signed out when the subscription is in force, and only then.
function once(refreshToken) {
  let signed
  return () => { signed ??= signOut(refreshToken) }
}

const report = {}
for (const [name, client, [access, refresh]] of [['graphql-ws', socketClient, bySocket], ['graphql-sse', eventsClient, byEvents]]) {
  const good = client(access, once(refresh))
  report[name] = {
    told: await all(good.iterate({ query })),
    // By the same token, whose session is over now.
    late: await all(client(access).iterate({ query })),
    bad: await all(client('nonsense').iterate({ query })),
    mutation: await all(client(access).iterate({ query: mutation })),
  }
  await good.dispose()
}
console.log(JSON.stringify(report))
process.exit(0)
