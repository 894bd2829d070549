// The operations of an account's life, in the order in which a newcomer meets
// them. Each has its document in operations/; what it is asked with depends on
// what the answers before it gave, which the page knows (see known.js).

import activate from './operations/activate.graphql'
import changePassword from './operations/changePassword.graphql'
import changeUsername from './operations/changeUsername.graphql'
import confirmEmailChange from './operations/confirmEmailChange.graphql'
import declineRegistration from './operations/declineRegistration.graphql'
import deleteAccount from './operations/deleteAccount.graphql'
import exportAccount from './operations/exportAccount.graphql'
import login from './operations/login.graphql'
import logout from './operations/logout.graphql'
import me from './operations/me.graphql'
import reauthenticate from './operations/reauthenticate.graphql'
import refresh from './operations/refresh.graphql'
import register from './operations/register.graphql'
import requestEmailChange from './operations/requestEmailChange.graphql'
import requestPasswordReset from './operations/requestPasswordReset.graphql'
import requestUsernameReset from './operations/requestUsernameReset.graphql'
import resendActivation from './operations/resendActivation.graphql'
import resetPassword from './operations/resetPassword.graphql'
import resetUsername from './operations/resetUsername.graphql'
import revertEmailChange from './operations/revertEmailChange.graphql'
import revokeOtherSessions from './operations/revokeOtherSessions.graphql'
import revokeSession from './operations/revokeSession.graphql'
import sessionEnded from './operations/sessionEnded.graphql'
import sessions from './operations/sessions.graphql'
import settings from './operations/settings.graphql'
import updateProfile from './operations/updateProfile.graphql'
import verifyToken from './operations/verifyToken.graphql'

// Where a value of the letter has to come, this stands until it is typed.
const linkToken = 'the token of the link in the letter'

// Of each example: name is that of its operation, about says what it is for,
// variables what it is asked with, and signedIn whether the access token goes
// into the headers.
export const chapters = [
  {
    title: 'A first sign-in',
    examples: [
      { name: 'Register', query: register, about: 'Asks for an account. A letter goes out, and the answer’s flow is kept for Activate.',
        variables: (k) => ({ input: { email: k.email, password: k.password } }) },
      { name: 'Activate', query: activate, letter: true, about: 'Type the six digits of the letter: this makes the account, and signs in.',
        variables: (k) => ({ input: { code: 'the six digits of the letter', flow: k.flow } }) },
      { name: 'Login', query: login, about: 'Signs in by address and password.',
        variables: (k) => ({ input: { identifier: k.email, password: k.password, deviceName: 'Playground' } }) },
      { name: 'Me', query: me, signedIn: true, about: 'Who is signed in. The access token is among the headers.' },
      { name: 'Refresh', query: refresh, about: 'Gives new tokens for the refresh token, which is good for this once. Within ten seconds of signing in the same ones come again.',
        variables: (k) => ({ input: { refreshToken: k.refreshToken } }) },
      { name: 'Logout', query: logout, signedIn: true, about: 'Ends the session of the access token.' },
    ],
  },
  {
    title: 'Sessions',
    examples: [
      { name: 'Sessions', query: sessions, signedIn: true, about: 'Where the user is signed in.' },
      { name: 'RevokeSession', query: revokeSession, signedIn: true, about: 'Ends one of these sessions.',
        variables: () => ({ input: { sessionId: 'the id of a session' } }) },
      { name: 'RevokeOtherSessions', query: revokeOtherSessions, signedIn: true, about: 'Ends every session but this one.' },
      { name: 'Reauthenticate', query: reauthenticate, signedIn: true, about: 'Takes the password once more, for what asks for a recent sign-in.',
        variables: (k) => ({ input: { password: k.password } }) },
      { name: 'SessionEnded', query: sessionEnded, signedIn: true, about: 'Waits until this session ends, wherever that happens, and is told why. Run it, then end the session from another tab of your browser.' },
      { name: 'VerifyToken', query: verifyToken, about: 'Whether a token is good now.',
        variables: (k) => ({ token: k.accessToken }) },
    ],
  },
  {
    title: 'Profile and username',
    examples: [
      { name: 'UpdateProfile', query: updateProfile, signedIn: true, about: 'What is left out stays as it is, null empties it.',
        variables: () => ({ input: { name: 'Ada Lovelace', phone: '+44 20 7946 0958', locale: 'en-GB' } }) },
      { name: 'ChangeUsername', query: changeUsername, signedIn: true, about: 'Wants a recent sign-in.',
        variables: () => ({ input: { username: 'ada' } }) },
      { name: 'RequestUsernameReset', query: requestUsernameReset, about: 'Sends a link to choose a username.',
        variables: (k) => ({ input: { email: k.email } }) },
      { name: 'ResetUsername', query: resetUsername, letter: true, about: 'Chooses it, by the token of that link.',
        variables: () => ({ input: { token: linkToken, username: 'countess' } }) },
    ],
  },
  {
    title: 'Password',
    examples: [
      { name: 'ChangePassword', query: changePassword, signedIn: true, about: 'For whoever knows the current one.',
        variables: (k) => ({ input: { currentPassword: k.password, newPassword: 'nine silent harbours' } }) },
      { name: 'RequestPasswordReset', query: requestPasswordReset, about: 'Sends a link to choose a new password.',
        variables: (k) => ({ input: { email: k.email } }) },
      { name: 'ResetPassword', query: resetPassword, letter: true, about: 'Sets it, by the token of that link, and ends every session.',
        variables: () => ({ input: { token: linkToken, newPassword: 'four patient gardens' } }) },
    ],
  },
  {
    title: 'Another address',
    examples: [
      { name: 'RequestEmailChange', query: requestEmailChange, signedIn: true, about: 'Sends a link to the new address, and tells the old one. Wants a recent sign-in.',
        variables: () => ({ input: { newEmail: 'ada@example.net' } }) },
      { name: 'ConfirmEmailChange', query: confirmEmailChange, letter: true, about: 'Moves the account there, by the token of that link.',
        variables: () => ({ input: { token: linkToken } }) },
      { name: 'RevertEmailChange', query: revertEmailChange, letter: true, about: 'The way back: by the link that the old address got.',
        variables: () => ({ input: { token: linkToken } }) },
    ],
  },
  {
    title: 'The account',
    examples: [
      { name: 'ResendActivation', query: resendActivation, about: 'Sends the activation letter again.',
        variables: (k) => ({ input: { email: k.email, flow: k.flow } }) },
      { name: 'DeclineRegistration', query: declineRegistration, letter: true, about: '“This was not me”, by the second link of the activation letter.',
        variables: () => ({ input: { token: linkToken } }) },
      { name: 'ExportAccount', query: exportAccount, signedIn: true, about: 'Everything that is held about the user. Wants a recent sign-in.' },
      { name: 'DeleteAccount', query: deleteAccount, signedIn: true, about: 'Deletes the account, for good. Wants a recent sign-in.' },
      { name: 'Settings', query: settings, about: 'What this server offers, for drawing forms.' },
    ],
  },
]

// A filled example is one as the editors take it: three texts.
export function fill(example, known) {
  const written = (value) => (value ? JSON.stringify(value, null, 2) : '')
  return {
    name: example.name,
    query: example.query,
    variables: written(example.variables?.(known)),
    headers: written(example.signedIn && { Authorization: `Bearer ${known.accessToken}` }),
  }
}
