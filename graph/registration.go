package graph

import (
	"context"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

// Register asks for an account, or makes it. How tokens are to come is settled
// before, whatever it comes to: a sign-in that can't be handed over must not
// happen.
func (m mutation) Register(ctx context.Context, in model.RegisterInput) (*model.RegisterPayload, error) {
	way, err := deliveryBy(ctx, in.Transport)
	if err != nil {
		return nil, err
	}
	return way.registered(m.auth.Register(ctx, CallerFrom(ctx), auth.RegisterInput{
		Email: in.Email, Password: in.Password, PasswordConfirmation: in.PasswordConfirmation,
		ProfileInput: auth.ProfileInput{
			Username: given(in.Username), Name: given(in.Name), Phone: given(in.Phone), AvatarURL: given(in.AvatarURL),
		},
		Locale: given(in.Locale), DeviceName: given(in.DeviceName),
	}))
}

// registered hands over what a registration came to: a flow or a sign-in.
func (d delivery) registered(r auth.Registered, err error) (*model.RegisterPayload, error) {
	if err != nil {
		return nil, err
	}
	out := presentRegistered(r)
	if r.SignIn != nil {
		out.SignedIn, err = d.signedIn(*r.SignIn, nil)
	}
	return out, err
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
