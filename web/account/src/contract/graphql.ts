/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/**
 * Exactly one of token and code: the link's token, or the six digits of the e-mail. The code wants the flow that register gave; the token wants the flow, or the password chosen there.
 * So nobody can have an account of theirs activated by the owner of an address, and no mail scanner activates anything. A wrong password does not use the link up. With a code every refusal is INVALID_CREDENTIALS or RATE_LIMITED: wrong, void, overtaken, expired or unknown flow alike.
 * Neither token nor code: REQUIRED at token; both: MALFORMED at code.
 */
export type ActivateInput = {
  /** The six digits of the activation e-mail. */
  code?: string | null | undefined;
  /** What the user calls this device, shown in the list of sessions; 64 characters at most. */
  deviceName?: string | null | undefined;
  /** What register gave to the client that registered. */
  flow?: string | null | undefined;
  /** The password that was chosen when registering, where another client opens the link. */
  password?: string | null | undefined;
  /** The token of the link in the activation e-mail. */
  token?: string | null | undefined;
  /** How the tokens come back. */
  transport?: TokenTransport;
};

/** The new password, and the one that it replaces. */
export type ChangePasswordInput = {
  /** The password that the account has. */
  currentPassword: string;
  /** From passwordMinLength to passwordMaxLength characters, taken as they are. */
  newPassword: string;
  /** Checked against newPassword where it is given. */
  newPasswordConfirmation?: string | null | undefined;
};

/** The username to come. */
export type ChangeUsernameInput = {
  /** As in RegisterInput. UNCHANGED where it is the current one, letter by letter. */
  username: string;
};

/** The link that was sent to the new address. */
export type ConfirmEmailChangeInput = {
  /** The token of the link in the e-mail. */
  token: string;
};

/** "This was not me": removes a registration that somebody else made with one's address. */
export type DeclineRegistrationInput = {
  /** The token of the second link in the activation e-mail. */
  token: string;
};

/** Who signs in, and how the tokens are to come back. */
export type LoginInput = {
  /** What the user calls this device, shown in the list of sessions; 64 characters at most. */
  deviceName?: string | null | undefined;
  /** The e-mail address or, where the server has them, the username. With an @ it is an address. */
  identifier: string;
  /** The account's password. */
  password: string;
  /** How the tokens come back. */
  transport?: TokenTransport;
};

/** Exactly one way to show that it is still the same person. */
export type ReauthenticateInput =
  {   /** The account's password. */
  password: string; };

/** The answer comes the way the token came: from the cookie where none is given here. */
export type RefreshInput = {
  /**
   * Up to 64 characters of the client's own making, random, kept until the answer has come. Whoever asks again with the same token and the same key gets the same refresh token again,
   * however late: an answer that was lost on a bad line signs nobody out. Without a key only the grace window helps.
   */
  idempotencyKey?: string | null | undefined;
  /** The refresh token that was given last; left out by a client with cookies. */
  refreshToken?: string | null | undefined;
};

/** The account that is asked for. */
export type RegisterInput = {
  /** An https URL of a picture; 2048 characters at most. */
  avatarUrl?: string | null | undefined;
  /** What the user calls this device, shown in the list of sessions; 64 characters at most. Of use where registering signs in. */
  deviceName?: string | null | undefined;
  /** Where the activation e-mail goes; 254 bytes at most, 64 of them before the @. */
  email: string;
  /** A BCP 47 language tag; the server's default where none is given. */
  locale?: string | null | undefined;
  /** How the user is to be called; 100 characters at most. */
  name?: string | null | undefined;
  /** From passwordMinLength to passwordMaxLength characters, taken as they are: any characters, no rules of composition. */
  password: string;
  /** Checked against password where it is given. */
  passwordConfirmation?: string | null | undefined;
  /** A telephone number with its country code, as in +44 20 7946 0958; kept in E.164 form. */
  phone?: string | null | undefined;
  /** How the tokens come back, where registering signs the user in. */
  transport?: TokenTransport;
  /**
   * From 3 to 64 characters, letters, digits and visible signs, never with an @; compared without letter case (RFC 8265). It is the user's from activation on, if nobody else came first: who comes
   * second is activated without one. Where no activation is asked for, it is the user's at once. DISABLED where the server has no usernames.
   */
  username?: string | null | undefined;
};

/** The address that the account is to have. */
export type RequestEmailChangeInput = {
  /** An address of the user's own, at which mail is read: UNCHANGED where it is the one that the account has. */
  newEmail: string;
};

/** Whose password was forgotten. */
export type RequestPasswordResetInput = {
  /** The address of the account. */
  email: string;
};

/** Whose username was forgotten. */
export type RequestUsernameResetInput = {
  /** The address of the account. */
  email: string;
};

/** Which activation e-mail to send again. */
export type ResendActivationInput = {
  /** The address that was registered. */
  email: string;
  /** Of register: sends that attempt's link and digits anew, the old ones die. Left out, the newest attempt gets a further link and no digits; what was sent before stays good. */
  flow?: string | null | undefined;
};

/** The new password, and what shows that its owner chose it. */
export type ResetPasswordInput = {
  /** From passwordMinLength to passwordMaxLength characters, taken as they are. */
  newPassword: string;
  /** Checked against newPassword where it is given. */
  newPasswordConfirmation?: string | null | undefined;
  /** The token of the link in the e-mail. */
  token: string;
};

/** The new username, and what shows that its owner chose it. */
export type ResetUsernameInput = {
  /** The token of the link in the e-mail. */
  token: string;
  /** As in RegisterInput. One that is taken does not use the link up. */
  username: string;
};

/** The way back, sent to the old address: good for seven days, whatever has happened since. */
export type RevertEmailChangeInput = {
  /** The token of the link in the e-mail. */
  token: string;
};

/** Which session is to end. */
export type RevokeSessionInput = {
  /** The ID of a session of the user, that of this request as well. */
  sessionId: string | number;
};

/** Why a session ended. */
export type SessionEndReason =
  /** The account is gone. */
  | 'ACCOUNT_DELETED'
  /** The account was suspended. */
  | 'ACCOUNT_SUSPENDED'
  /** The account moved to another address, or was taken back to its former one. */
  | 'EMAIL_CHANGED'
  /** One sign-in more than a user may have ended the one unused the longest. */
  | 'EVICTED'
  /** It was not used for too long, or its time was over however much it was used. */
  | 'EXPIRED'
  /** A factor was added to the account or taken from it. */
  | 'FACTORS_CHANGED'
  /** Signed out on that device. */
  | 'LOGOUT'
  /** The password was changed on another device. */
  | 'PASSWORD_CHANGED'
  /** A new password was chosen by a link. */
  | 'PASSWORD_RESET'
  /** The identity provider by which the user had signed in signed it out. */
  | 'PROVIDER_LOGOUT'
  /** A refresh token of it came back after it had been rotated: somebody has a copy. */
  | 'REFRESH_TOKEN_REUSED'
  /** Signed out from another device. */
  | 'REVOKED'
  /** An administrator or operator ended it. */
  | 'REVOKED_BY_ADMINISTRATOR'
  /** The user was given other roles. */
  | 'ROLES_CHANGED';

/** How a client receives and sends its tokens. */
export type TokenTransport =
  /** In the response, for an app that keeps them itself and sends Authorization: Bearer. */
  | 'BEARER'
  /** In HttpOnly cookies, out of the reach of scripts, for a page of the same site on an allowed origin. */
  | 'COOKIE';

/** A field that is left out stays as it is; null empties it. */
export type UpdateProfileInput = {
  /** An https URL; 2048 characters at most. */
  avatarUrl?: string | null | undefined;
  /** A BCP 47 language tag; emptied, it is the server's default. */
  locale?: string | null | undefined;
  /** 100 characters at most. */
  name?: string | null | undefined;
  /** With its country code. */
  phone?: string | null | undefined;
};

export type SettingsQueryVariables = Exact<{ [key: string]: never; }>;


export type SettingsQuery = { settings: { registrationOpen: boolean, activationRequired: boolean, requiredProfileFields: Array<string>, usernames: boolean, passwordMinLength: number, passwordMaxLength: number } };

export type MeQueryVariables = Exact<{ [key: string]: never; }>;


export type MeQuery = { me: { id: string, email: string, emailVerified: boolean, username: string | null, name: string, phone: string | null, avatarUrl: string | null, locale: string, lastLoginAt: string | null, createdAt: string } | null };

export type SessionsQueryVariables = Exact<{ [key: string]: never; }>;


export type SessionsQuery = { me: { id: string, sessions: Array<{ id: string, current: boolean, deviceName: string | null, userAgent: string | null, ipAddress: string | null, createdAt: string, lastUsedAt: string }> } | null };

export type RegisterMutationVariables = Exact<{
  input: RegisterInput;
}>;


export type RegisterMutation = { register: { email: string, flow: string | null, signedIn: { user: { id: string } } | null } };

export type ActivateMutationVariables = Exact<{
  input: ActivateInput;
}>;


export type ActivateMutation = { activate: { __typename: 'SignedIn' } };

export type ResendActivationMutationVariables = Exact<{
  input: ResendActivationInput;
}>;


export type ResendActivationMutation = { resendActivation: { email: string } };

export type LoginMutationVariables = Exact<{
  input: LoginInput;
}>;


export type LoginMutation = { login: { __typename: 'SignedIn' } };

export type RefreshMutationVariables = Exact<{
  input?: RefreshInput | null | undefined;
}>;


export type RefreshMutation = { refresh: { session: { id: string } } };

export type LogoutMutationVariables = Exact<{ [key: string]: never; }>;


export type LogoutMutation = { logout: { sessionsEnded: number } };

export type ReauthenticateMutationVariables = Exact<{
  input: ReauthenticateInput;
}>;


export type ReauthenticateMutation = { reauthenticate: { accessTokenExpiresAt: string } };

export type RevokeSessionMutationVariables = Exact<{
  input: RevokeSessionInput;
}>;


export type RevokeSessionMutation = { revokeSession: { sessionId: string } };

export type RevokeOtherSessionsMutationVariables = Exact<{ [key: string]: never; }>;


export type RevokeOtherSessionsMutation = { revokeOtherSessions: { sessionsEnded: number } };

export type RequestPasswordResetMutationVariables = Exact<{
  input: RequestPasswordResetInput;
}>;


export type RequestPasswordResetMutation = { requestPasswordReset: { email: string } };

export type DeclineRegistrationMutationVariables = Exact<{
  input: DeclineRegistrationInput;
}>;


export type DeclineRegistrationMutation = { declineRegistration: { email: string } };

export type ResetPasswordMutationVariables = Exact<{
  input: ResetPasswordInput;
}>;


export type ResetPasswordMutation = { resetPassword: { email: string, sessionsEnded: number } };

export type ChangePasswordMutationVariables = Exact<{
  input: ChangePasswordInput;
}>;


export type ChangePasswordMutation = { changePassword: { sessionsEnded: number } };

export type UpdateProfileMutationVariables = Exact<{
  input: UpdateProfileInput;
}>;


export type UpdateProfileMutation = { updateProfile: { user: { id: string, name: string, phone: string | null, avatarUrl: string | null, locale: string } } };

export type ChangeUsernameMutationVariables = Exact<{
  input: ChangeUsernameInput;
}>;


export type ChangeUsernameMutation = { changeUsername: { user: { id: string, username: string | null } } };

export type RequestUsernameResetMutationVariables = Exact<{
  input: RequestUsernameResetInput;
}>;


export type RequestUsernameResetMutation = { requestUsernameReset: { email: string } };

export type ResetUsernameMutationVariables = Exact<{
  input: ResetUsernameInput;
}>;


export type ResetUsernameMutation = { resetUsername: { username: string } };

export type RequestEmailChangeMutationVariables = Exact<{
  input: RequestEmailChangeInput;
}>;


export type RequestEmailChangeMutation = { requestEmailChange: { newEmail: string } };

export type ConfirmEmailChangeMutationVariables = Exact<{
  input: ConfirmEmailChangeInput;
}>;


export type ConfirmEmailChangeMutation = { confirmEmailChange: { email: string } };

export type RevertEmailChangeMutationVariables = Exact<{
  input: RevertEmailChangeInput;
}>;


export type RevertEmailChangeMutation = { revertEmailChange: { email: string } };

export type ExportAccountMutationVariables = Exact<{ [key: string]: never; }>;


export type ExportAccountMutation = { exportAccount: { account: Record<string, unknown> } };

export type DeleteAccountMutationVariables = Exact<{ [key: string]: never; }>;


export type DeleteAccountMutation = { deleteAccount: { email: string } };

export type SessionEndedSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type SessionEndedSubscription = { sessionEnded: { reason: SessionEndReason } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const SettingsDocument = new TypedDocumentString(`
    query Settings {
  settings {
    registrationOpen
    activationRequired
    requiredProfileFields
    usernames
    passwordMinLength
    passwordMaxLength
  }
}
    `) as unknown as TypedDocumentString<SettingsQuery, SettingsQueryVariables>;
export const MeDocument = new TypedDocumentString(`
    query Me {
  me {
    id
    email
    emailVerified
    username
    name
    phone
    avatarUrl
    locale
    lastLoginAt
    createdAt
  }
}
    `) as unknown as TypedDocumentString<MeQuery, MeQueryVariables>;
export const SessionsDocument = new TypedDocumentString(`
    query Sessions {
  me {
    id
    sessions {
      id
      current
      deviceName
      userAgent
      ipAddress
      createdAt
      lastUsedAt
    }
  }
}
    `) as unknown as TypedDocumentString<SessionsQuery, SessionsQueryVariables>;
export const RegisterDocument = new TypedDocumentString(`
    mutation Register($input: RegisterInput!) {
  register(input: $input) {
    email
    flow
    signedIn {
      user {
        id
      }
    }
  }
}
    `) as unknown as TypedDocumentString<RegisterMutation, RegisterMutationVariables>;
export const ActivateDocument = new TypedDocumentString(`
    mutation Activate($input: ActivateInput!) {
  activate(input: $input) {
    __typename
  }
}
    `) as unknown as TypedDocumentString<ActivateMutation, ActivateMutationVariables>;
export const ResendActivationDocument = new TypedDocumentString(`
    mutation ResendActivation($input: ResendActivationInput!) {
  resendActivation(input: $input) {
    email
  }
}
    `) as unknown as TypedDocumentString<ResendActivationMutation, ResendActivationMutationVariables>;
export const LoginDocument = new TypedDocumentString(`
    mutation Login($input: LoginInput!) {
  login(input: $input) {
    __typename
  }
}
    `) as unknown as TypedDocumentString<LoginMutation, LoginMutationVariables>;
export const RefreshDocument = new TypedDocumentString(`
    mutation Refresh($input: RefreshInput) {
  refresh(input: $input) {
    session {
      id
    }
  }
}
    `) as unknown as TypedDocumentString<RefreshMutation, RefreshMutationVariables>;
export const LogoutDocument = new TypedDocumentString(`
    mutation Logout {
  logout {
    sessionsEnded
  }
}
    `) as unknown as TypedDocumentString<LogoutMutation, LogoutMutationVariables>;
export const ReauthenticateDocument = new TypedDocumentString(`
    mutation Reauthenticate($input: ReauthenticateInput!) {
  reauthenticate(input: $input) {
    accessTokenExpiresAt
  }
}
    `) as unknown as TypedDocumentString<ReauthenticateMutation, ReauthenticateMutationVariables>;
export const RevokeSessionDocument = new TypedDocumentString(`
    mutation RevokeSession($input: RevokeSessionInput!) {
  revokeSession(input: $input) {
    sessionId
  }
}
    `) as unknown as TypedDocumentString<RevokeSessionMutation, RevokeSessionMutationVariables>;
export const RevokeOtherSessionsDocument = new TypedDocumentString(`
    mutation RevokeOtherSessions {
  revokeOtherSessions {
    sessionsEnded
  }
}
    `) as unknown as TypedDocumentString<RevokeOtherSessionsMutation, RevokeOtherSessionsMutationVariables>;
export const RequestPasswordResetDocument = new TypedDocumentString(`
    mutation RequestPasswordReset($input: RequestPasswordResetInput!) {
  requestPasswordReset(input: $input) {
    email
  }
}
    `) as unknown as TypedDocumentString<RequestPasswordResetMutation, RequestPasswordResetMutationVariables>;
export const DeclineRegistrationDocument = new TypedDocumentString(`
    mutation DeclineRegistration($input: DeclineRegistrationInput!) {
  declineRegistration(input: $input) {
    email
  }
}
    `) as unknown as TypedDocumentString<DeclineRegistrationMutation, DeclineRegistrationMutationVariables>;
export const ResetPasswordDocument = new TypedDocumentString(`
    mutation ResetPassword($input: ResetPasswordInput!) {
  resetPassword(input: $input) {
    email
    sessionsEnded
  }
}
    `) as unknown as TypedDocumentString<ResetPasswordMutation, ResetPasswordMutationVariables>;
export const ChangePasswordDocument = new TypedDocumentString(`
    mutation ChangePassword($input: ChangePasswordInput!) {
  changePassword(input: $input) {
    sessionsEnded
  }
}
    `) as unknown as TypedDocumentString<ChangePasswordMutation, ChangePasswordMutationVariables>;
export const UpdateProfileDocument = new TypedDocumentString(`
    mutation UpdateProfile($input: UpdateProfileInput!) {
  updateProfile(input: $input) {
    user {
      id
      name
      phone
      avatarUrl
      locale
    }
  }
}
    `) as unknown as TypedDocumentString<UpdateProfileMutation, UpdateProfileMutationVariables>;
export const ChangeUsernameDocument = new TypedDocumentString(`
    mutation ChangeUsername($input: ChangeUsernameInput!) {
  changeUsername(input: $input) {
    user {
      id
      username
    }
  }
}
    `) as unknown as TypedDocumentString<ChangeUsernameMutation, ChangeUsernameMutationVariables>;
export const RequestUsernameResetDocument = new TypedDocumentString(`
    mutation RequestUsernameReset($input: RequestUsernameResetInput!) {
  requestUsernameReset(input: $input) {
    email
  }
}
    `) as unknown as TypedDocumentString<RequestUsernameResetMutation, RequestUsernameResetMutationVariables>;
export const ResetUsernameDocument = new TypedDocumentString(`
    mutation ResetUsername($input: ResetUsernameInput!) {
  resetUsername(input: $input) {
    username
  }
}
    `) as unknown as TypedDocumentString<ResetUsernameMutation, ResetUsernameMutationVariables>;
export const RequestEmailChangeDocument = new TypedDocumentString(`
    mutation RequestEmailChange($input: RequestEmailChangeInput!) {
  requestEmailChange(input: $input) {
    newEmail
  }
}
    `) as unknown as TypedDocumentString<RequestEmailChangeMutation, RequestEmailChangeMutationVariables>;
export const ConfirmEmailChangeDocument = new TypedDocumentString(`
    mutation ConfirmEmailChange($input: ConfirmEmailChangeInput!) {
  confirmEmailChange(input: $input) {
    email
  }
}
    `) as unknown as TypedDocumentString<ConfirmEmailChangeMutation, ConfirmEmailChangeMutationVariables>;
export const RevertEmailChangeDocument = new TypedDocumentString(`
    mutation RevertEmailChange($input: RevertEmailChangeInput!) {
  revertEmailChange(input: $input) {
    email
  }
}
    `) as unknown as TypedDocumentString<RevertEmailChangeMutation, RevertEmailChangeMutationVariables>;
export const ExportAccountDocument = new TypedDocumentString(`
    mutation ExportAccount {
  exportAccount {
    account
  }
}
    `) as unknown as TypedDocumentString<ExportAccountMutation, ExportAccountMutationVariables>;
export const DeleteAccountDocument = new TypedDocumentString(`
    mutation DeleteAccount {
  deleteAccount {
    email
  }
}
    `) as unknown as TypedDocumentString<DeleteAccountMutation, DeleteAccountMutationVariables>;
export const SessionEndedDocument = new TypedDocumentString(`
    subscription SessionEnded {
  sessionEnded {
    reason
  }
}
    `) as unknown as TypedDocumentString<SessionEndedSubscription, SessionEndedSubscriptionVariables>;