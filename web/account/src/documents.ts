// What the application asks of the API. The contract's own names say what each is
// for; graphql-codegen makes src/contract of this file.
import { graphql } from './contract'

export const Settings = graphql(`
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
`)

export const Me = graphql(`
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
`)

export const Sessions = graphql(`
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
`)

export const Register = graphql(`
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
`)

export const Activate = graphql(`
  mutation Activate($input: ActivateInput!) {
    activate(input: $input) {
      __typename
    }
  }
`)

export const ResendActivation = graphql(`
  mutation ResendActivation($input: ResendActivationInput!) {
    resendActivation(input: $input) {
      email
    }
  }
`)

export const Login = graphql(`
  mutation Login($input: LoginInput!) {
    login(input: $input) {
      __typename
    }
  }
`)

export const Refresh = graphql(`
  mutation Refresh($input: RefreshInput) {
    refresh(input: $input) {
      session {
        id
      }
    }
  }
`)

export const Logout = graphql(`
  mutation Logout {
    logout {
      sessionsEnded
    }
  }
`)

export const Reauthenticate = graphql(`
  mutation Reauthenticate($input: ReauthenticateInput!) {
    reauthenticate(input: $input) {
      accessTokenExpiresAt
    }
  }
`)

export const RevokeSession = graphql(`
  mutation RevokeSession($input: RevokeSessionInput!) {
    revokeSession(input: $input) {
      sessionId
    }
  }
`)

export const RevokeOtherSessions = graphql(`
  mutation RevokeOtherSessions {
    revokeOtherSessions {
      sessionsEnded
    }
  }
`)

export const RequestPasswordReset = graphql(`
  mutation RequestPasswordReset($input: RequestPasswordResetInput!) {
    requestPasswordReset(input: $input) {
      email
    }
  }
`)

export const DeclineRegistration = graphql(`
  mutation DeclineRegistration($input: DeclineRegistrationInput!) {
    declineRegistration(input: $input) {
      email
    }
  }
`)

export const ResetPassword = graphql(`
  mutation ResetPassword($input: ResetPasswordInput!) {
    resetPassword(input: $input) {
      email
      sessionsEnded
    }
  }
`)

export const ChangePassword = graphql(`
  mutation ChangePassword($input: ChangePasswordInput!) {
    changePassword(input: $input) {
      sessionsEnded
    }
  }
`)

export const UpdateProfile = graphql(`
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
`)

export const ChangeUsername = graphql(`
  mutation ChangeUsername($input: ChangeUsernameInput!) {
    changeUsername(input: $input) {
      user {
        id
        username
      }
    }
  }
`)

export const RequestUsernameReset = graphql(`
  mutation RequestUsernameReset($input: RequestUsernameResetInput!) {
    requestUsernameReset(input: $input) {
      email
    }
  }
`)

export const ResetUsername = graphql(`
  mutation ResetUsername($input: ResetUsernameInput!) {
    resetUsername(input: $input) {
      username
    }
  }
`)

export const RequestEmailChange = graphql(`
  mutation RequestEmailChange($input: RequestEmailChangeInput!) {
    requestEmailChange(input: $input) {
      newEmail
    }
  }
`)

export const ConfirmEmailChange = graphql(`
  mutation ConfirmEmailChange($input: ConfirmEmailChangeInput!) {
    confirmEmailChange(input: $input) {
      email
    }
  }
`)

export const RevertEmailChange = graphql(`
  mutation RevertEmailChange($input: RevertEmailChangeInput!) {
    revertEmailChange(input: $input) {
      email
    }
  }
`)

export const ExportAccount = graphql(`
  mutation ExportAccount {
    exportAccount {
      account
    }
  }
`)

export const DeleteAccount = graphql(`
  mutation DeleteAccount {
    deleteAccount {
      email
    }
  }
`)

export const SessionEnded = graphql(`
  subscription SessionEnded {
    sessionEnded {
      reason
    }
  }
`)
