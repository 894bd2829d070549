package graph

import (
	"context"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

// Register asks for an account.
func (m mutation) Register(ctx context.Context, in model.RegisterInput) (*model.RegisterPayload, error) {
	registered, err := m.auth.Register(ctx, CallerFrom(ctx), auth.RegisterInput{
		Email: in.Email, Password: in.Password, PasswordConfirmation: in.PasswordConfirmation,
		ProfileInput: auth.ProfileInput{
			Username: given(in.Username), Name: given(in.Name), Phone: given(in.Phone), AvatarURL: given(in.AvatarURL),
		},
		Locale: given(in.Locale),
	})
	if err != nil {
		return nil, err
	}
	return presentRegistered(registered), nil
}

// Activate makes the account and signs in.
func (m mutation) Activate(ctx context.Context, in model.ActivateInput) (model.LoginResult, error) {
	way, err := deliveryBy(ctx, in.Transport)
	if err != nil {
		return nil, err
	}
	return way.loginResult(m.auth.Activate(ctx, CallerFrom(ctx), auth.ActivateInput{
		Token: in.Token, Code: in.Code, Flow: in.Flow, Password: in.Password, DeviceName: given(in.DeviceName),
	}))
}

// ResendActivation sends the letter once more.
func (m mutation) ResendActivation(ctx context.Context, in model.ResendActivationInput) (*model.ResendActivationPayload, error) {
	email, err := m.auth.ResendActivation(ctx, CallerFrom(ctx), auth.ResendActivationInput{Email: in.Email, Flow: in.Flow})
	if err != nil {
		return nil, err
	}
	return &model.ResendActivationPayload{Email: email}, nil
}

// DeclineRegistration does away with a stranger's registration.
func (m mutation) DeclineRegistration(ctx context.Context, in model.DeclineRegistrationInput) (*model.DeclineRegistrationPayload, error) {
	email, err := m.auth.DeclineRegistration(ctx, CallerFrom(ctx), in.Token)
	if err != nil {
		return nil, err
	}
	return &model.DeclineRegistrationPayload{Email: email}, nil
}
