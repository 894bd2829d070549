package auth

import "context"

// welcome writes to a user who has just been activated, where the team wants
// that.
func (s *Service) welcome(ctx context.Context, q Queries, c Client, u User) error {
	if !s.settings.WelcomeLetter {
		return nil
	}
	return s.writeLetter(ctx, q, c, Letter{
		Kind: LetterWelcome, To: u.Email.Text, Name: u.greeted(), Locale: u.Locale,
	}, false)
}
