/* eslint-disable */
import * as types from './graphql';



/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  query Settings {\n    settings {\n      registrationOpen\n      activationRequired\n      requiredProfileFields\n      usernames\n      passwordMinLength\n      passwordMaxLength\n    }\n  }\n": typeof types.SettingsDocument,
    "\n  query Me {\n    me {\n      id\n      email\n      emailVerified\n      username\n      name\n      phone\n      avatarUrl\n      locale\n      lastLoginAt\n      createdAt\n    }\n  }\n": typeof types.MeDocument,
    "\n  query Sessions {\n    me {\n      id\n      sessions {\n        id\n        current\n        deviceName\n        userAgent\n        ipAddress\n        createdAt\n        lastUsedAt\n      }\n    }\n  }\n": typeof types.SessionsDocument,
    "\n  mutation Register($input: RegisterInput!) {\n    register(input: $input) {\n      email\n      flow\n      signedIn {\n        user {\n          id\n        }\n      }\n    }\n  }\n": typeof types.RegisterDocument,
    "\n  mutation Activate($input: ActivateInput!) {\n    activate(input: $input) {\n      __typename\n    }\n  }\n": typeof types.ActivateDocument,
    "\n  mutation ResendActivation($input: ResendActivationInput!) {\n    resendActivation(input: $input) {\n      email\n    }\n  }\n": typeof types.ResendActivationDocument,
    "\n  mutation Login($input: LoginInput!) {\n    login(input: $input) {\n      __typename\n    }\n  }\n": typeof types.LoginDocument,
    "\n  mutation Refresh($input: RefreshInput) {\n    refresh(input: $input) {\n      session {\n        id\n      }\n    }\n  }\n": typeof types.RefreshDocument,
    "\n  mutation Logout {\n    logout {\n      sessionsEnded\n    }\n  }\n": typeof types.LogoutDocument,
    "\n  mutation Reauthenticate($input: ReauthenticateInput!) {\n    reauthenticate(input: $input) {\n      accessTokenExpiresAt\n    }\n  }\n": typeof types.ReauthenticateDocument,
    "\n  mutation RevokeSession($input: RevokeSessionInput!) {\n    revokeSession(input: $input) {\n      sessionId\n    }\n  }\n": typeof types.RevokeSessionDocument,
    "\n  mutation RevokeOtherSessions {\n    revokeOtherSessions {\n      sessionsEnded\n    }\n  }\n": typeof types.RevokeOtherSessionsDocument,
    "\n  mutation RequestPasswordReset($input: RequestPasswordResetInput!) {\n    requestPasswordReset(input: $input) {\n      email\n    }\n  }\n": typeof types.RequestPasswordResetDocument,
    "\n  mutation DeclineRegistration($input: DeclineRegistrationInput!) {\n    declineRegistration(input: $input) {\n      email\n    }\n  }\n": typeof types.DeclineRegistrationDocument,
    "\n  mutation ResetPassword($input: ResetPasswordInput!) {\n    resetPassword(input: $input) {\n      email\n      sessionsEnded\n    }\n  }\n": typeof types.ResetPasswordDocument,
    "\n  mutation ChangePassword($input: ChangePasswordInput!) {\n    changePassword(input: $input) {\n      sessionsEnded\n    }\n  }\n": typeof types.ChangePasswordDocument,
    "\n  mutation UpdateProfile($input: UpdateProfileInput!) {\n    updateProfile(input: $input) {\n      user {\n        id\n        name\n        phone\n        avatarUrl\n        locale\n      }\n    }\n  }\n": typeof types.UpdateProfileDocument,
    "\n  mutation ChangeUsername($input: ChangeUsernameInput!) {\n    changeUsername(input: $input) {\n      user {\n        id\n        username\n      }\n    }\n  }\n": typeof types.ChangeUsernameDocument,
    "\n  mutation RequestUsernameReset($input: RequestUsernameResetInput!) {\n    requestUsernameReset(input: $input) {\n      email\n    }\n  }\n": typeof types.RequestUsernameResetDocument,
    "\n  mutation ResetUsername($input: ResetUsernameInput!) {\n    resetUsername(input: $input) {\n      username\n    }\n  }\n": typeof types.ResetUsernameDocument,
    "\n  mutation RequestEmailChange($input: RequestEmailChangeInput!) {\n    requestEmailChange(input: $input) {\n      newEmail\n    }\n  }\n": typeof types.RequestEmailChangeDocument,
    "\n  mutation ConfirmEmailChange($input: ConfirmEmailChangeInput!) {\n    confirmEmailChange(input: $input) {\n      email\n    }\n  }\n": typeof types.ConfirmEmailChangeDocument,
    "\n  mutation RevertEmailChange($input: RevertEmailChangeInput!) {\n    revertEmailChange(input: $input) {\n      email\n    }\n  }\n": typeof types.RevertEmailChangeDocument,
    "\n  mutation ExportAccount {\n    exportAccount {\n      account\n    }\n  }\n": typeof types.ExportAccountDocument,
    "\n  mutation DeleteAccount {\n    deleteAccount {\n      email\n    }\n  }\n": typeof types.DeleteAccountDocument,
    "\n  subscription SessionEnded {\n    sessionEnded {\n      reason\n    }\n  }\n": typeof types.SessionEndedDocument,
};
const documents: Documents = {
    "\n  query Settings {\n    settings {\n      registrationOpen\n      activationRequired\n      requiredProfileFields\n      usernames\n      passwordMinLength\n      passwordMaxLength\n    }\n  }\n": types.SettingsDocument,
    "\n  query Me {\n    me {\n      id\n      email\n      emailVerified\n      username\n      name\n      phone\n      avatarUrl\n      locale\n      lastLoginAt\n      createdAt\n    }\n  }\n": types.MeDocument,
    "\n  query Sessions {\n    me {\n      id\n      sessions {\n        id\n        current\n        deviceName\n        userAgent\n        ipAddress\n        createdAt\n        lastUsedAt\n      }\n    }\n  }\n": types.SessionsDocument,
    "\n  mutation Register($input: RegisterInput!) {\n    register(input: $input) {\n      email\n      flow\n      signedIn {\n        user {\n          id\n        }\n      }\n    }\n  }\n": types.RegisterDocument,
    "\n  mutation Activate($input: ActivateInput!) {\n    activate(input: $input) {\n      __typename\n    }\n  }\n": types.ActivateDocument,
    "\n  mutation ResendActivation($input: ResendActivationInput!) {\n    resendActivation(input: $input) {\n      email\n    }\n  }\n": types.ResendActivationDocument,
    "\n  mutation Login($input: LoginInput!) {\n    login(input: $input) {\n      __typename\n    }\n  }\n": types.LoginDocument,
    "\n  mutation Refresh($input: RefreshInput) {\n    refresh(input: $input) {\n      session {\n        id\n      }\n    }\n  }\n": types.RefreshDocument,
    "\n  mutation Logout {\n    logout {\n      sessionsEnded\n    }\n  }\n": types.LogoutDocument,
    "\n  mutation Reauthenticate($input: ReauthenticateInput!) {\n    reauthenticate(input: $input) {\n      accessTokenExpiresAt\n    }\n  }\n": types.ReauthenticateDocument,
    "\n  mutation RevokeSession($input: RevokeSessionInput!) {\n    revokeSession(input: $input) {\n      sessionId\n    }\n  }\n": types.RevokeSessionDocument,
    "\n  mutation RevokeOtherSessions {\n    revokeOtherSessions {\n      sessionsEnded\n    }\n  }\n": types.RevokeOtherSessionsDocument,
    "\n  mutation RequestPasswordReset($input: RequestPasswordResetInput!) {\n    requestPasswordReset(input: $input) {\n      email\n    }\n  }\n": types.RequestPasswordResetDocument,
    "\n  mutation DeclineRegistration($input: DeclineRegistrationInput!) {\n    declineRegistration(input: $input) {\n      email\n    }\n  }\n": types.DeclineRegistrationDocument,
    "\n  mutation ResetPassword($input: ResetPasswordInput!) {\n    resetPassword(input: $input) {\n      email\n      sessionsEnded\n    }\n  }\n": types.ResetPasswordDocument,
    "\n  mutation ChangePassword($input: ChangePasswordInput!) {\n    changePassword(input: $input) {\n      sessionsEnded\n    }\n  }\n": types.ChangePasswordDocument,
    "\n  mutation UpdateProfile($input: UpdateProfileInput!) {\n    updateProfile(input: $input) {\n      user {\n        id\n        name\n        phone\n        avatarUrl\n        locale\n      }\n    }\n  }\n": types.UpdateProfileDocument,
    "\n  mutation ChangeUsername($input: ChangeUsernameInput!) {\n    changeUsername(input: $input) {\n      user {\n        id\n        username\n      }\n    }\n  }\n": types.ChangeUsernameDocument,
    "\n  mutation RequestUsernameReset($input: RequestUsernameResetInput!) {\n    requestUsernameReset(input: $input) {\n      email\n    }\n  }\n": types.RequestUsernameResetDocument,
    "\n  mutation ResetUsername($input: ResetUsernameInput!) {\n    resetUsername(input: $input) {\n      username\n    }\n  }\n": types.ResetUsernameDocument,
    "\n  mutation RequestEmailChange($input: RequestEmailChangeInput!) {\n    requestEmailChange(input: $input) {\n      newEmail\n    }\n  }\n": types.RequestEmailChangeDocument,
    "\n  mutation ConfirmEmailChange($input: ConfirmEmailChangeInput!) {\n    confirmEmailChange(input: $input) {\n      email\n    }\n  }\n": types.ConfirmEmailChangeDocument,
    "\n  mutation RevertEmailChange($input: RevertEmailChangeInput!) {\n    revertEmailChange(input: $input) {\n      email\n    }\n  }\n": types.RevertEmailChangeDocument,
    "\n  mutation ExportAccount {\n    exportAccount {\n      account\n    }\n  }\n": types.ExportAccountDocument,
    "\n  mutation DeleteAccount {\n    deleteAccount {\n      email\n    }\n  }\n": types.DeleteAccountDocument,
    "\n  subscription SessionEnded {\n    sessionEnded {\n      reason\n    }\n  }\n": types.SessionEndedDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Settings {\n    settings {\n      registrationOpen\n      activationRequired\n      requiredProfileFields\n      usernames\n      passwordMinLength\n      passwordMaxLength\n    }\n  }\n"): typeof import('./graphql').SettingsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Me {\n    me {\n      id\n      email\n      emailVerified\n      username\n      name\n      phone\n      avatarUrl\n      locale\n      lastLoginAt\n      createdAt\n    }\n  }\n"): typeof import('./graphql').MeDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Sessions {\n    me {\n      id\n      sessions {\n        id\n        current\n        deviceName\n        userAgent\n        ipAddress\n        createdAt\n        lastUsedAt\n      }\n    }\n  }\n"): typeof import('./graphql').SessionsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Register($input: RegisterInput!) {\n    register(input: $input) {\n      email\n      flow\n      signedIn {\n        user {\n          id\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').RegisterDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Activate($input: ActivateInput!) {\n    activate(input: $input) {\n      __typename\n    }\n  }\n"): typeof import('./graphql').ActivateDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ResendActivation($input: ResendActivationInput!) {\n    resendActivation(input: $input) {\n      email\n    }\n  }\n"): typeof import('./graphql').ResendActivationDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Login($input: LoginInput!) {\n    login(input: $input) {\n      __typename\n    }\n  }\n"): typeof import('./graphql').LoginDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Refresh($input: RefreshInput) {\n    refresh(input: $input) {\n      session {\n        id\n      }\n    }\n  }\n"): typeof import('./graphql').RefreshDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Logout {\n    logout {\n      sessionsEnded\n    }\n  }\n"): typeof import('./graphql').LogoutDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Reauthenticate($input: ReauthenticateInput!) {\n    reauthenticate(input: $input) {\n      accessTokenExpiresAt\n    }\n  }\n"): typeof import('./graphql').ReauthenticateDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RevokeSession($input: RevokeSessionInput!) {\n    revokeSession(input: $input) {\n      sessionId\n    }\n  }\n"): typeof import('./graphql').RevokeSessionDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RevokeOtherSessions {\n    revokeOtherSessions {\n      sessionsEnded\n    }\n  }\n"): typeof import('./graphql').RevokeOtherSessionsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RequestPasswordReset($input: RequestPasswordResetInput!) {\n    requestPasswordReset(input: $input) {\n      email\n    }\n  }\n"): typeof import('./graphql').RequestPasswordResetDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DeclineRegistration($input: DeclineRegistrationInput!) {\n    declineRegistration(input: $input) {\n      email\n    }\n  }\n"): typeof import('./graphql').DeclineRegistrationDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ResetPassword($input: ResetPasswordInput!) {\n    resetPassword(input: $input) {\n      email\n      sessionsEnded\n    }\n  }\n"): typeof import('./graphql').ResetPasswordDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ChangePassword($input: ChangePasswordInput!) {\n    changePassword(input: $input) {\n      sessionsEnded\n    }\n  }\n"): typeof import('./graphql').ChangePasswordDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation UpdateProfile($input: UpdateProfileInput!) {\n    updateProfile(input: $input) {\n      user {\n        id\n        name\n        phone\n        avatarUrl\n        locale\n      }\n    }\n  }\n"): typeof import('./graphql').UpdateProfileDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ChangeUsername($input: ChangeUsernameInput!) {\n    changeUsername(input: $input) {\n      user {\n        id\n        username\n      }\n    }\n  }\n"): typeof import('./graphql').ChangeUsernameDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RequestUsernameReset($input: RequestUsernameResetInput!) {\n    requestUsernameReset(input: $input) {\n      email\n    }\n  }\n"): typeof import('./graphql').RequestUsernameResetDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ResetUsername($input: ResetUsernameInput!) {\n    resetUsername(input: $input) {\n      username\n    }\n  }\n"): typeof import('./graphql').ResetUsernameDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RequestEmailChange($input: RequestEmailChangeInput!) {\n    requestEmailChange(input: $input) {\n      newEmail\n    }\n  }\n"): typeof import('./graphql').RequestEmailChangeDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ConfirmEmailChange($input: ConfirmEmailChangeInput!) {\n    confirmEmailChange(input: $input) {\n      email\n    }\n  }\n"): typeof import('./graphql').ConfirmEmailChangeDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RevertEmailChange($input: RevertEmailChangeInput!) {\n    revertEmailChange(input: $input) {\n      email\n    }\n  }\n"): typeof import('./graphql').RevertEmailChangeDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ExportAccount {\n    exportAccount {\n      account\n    }\n  }\n"): typeof import('./graphql').ExportAccountDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DeleteAccount {\n    deleteAccount {\n      email\n    }\n  }\n"): typeof import('./graphql').DeleteAccountDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription SessionEnded {\n    sessionEnded {\n      reason\n    }\n  }\n"): typeof import('./graphql').SessionEndedDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
