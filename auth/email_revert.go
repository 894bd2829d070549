package auth

import "context"

// RevertEmailChange puts back the address that the link was sent to, and answers
// it. It undoes what came with the change: the password is void, every session
// ends, every other link dies, and with them the ways back of all later changes,
// which are the thief's. A link to choose a password goes to the address. This is
// no change of its own: the address that the account leaves is told, and gets no
// way back. The link is good whatever has happened to the account since.
// InvalidToken, ExpiredToken.
func (s *Service) RevertEmailChange(ctx context.Context, c Caller, token string) (string, error) {
	link, err := s.findLink(ctx, c.Client, token, LinkEmailRevert)
	if err != nil {
		return "", err
	}
	var revoked []BlacklistedToken
	email := Address{Text: link.Email, Key: link.EmailKey}
	err = s.store.InTx(ctx, func(q Queries) error {
		revoked = nil
		left, err := s.restoreEmail(ctx, q, c.Client, link, email)
		if err != nil {
			return err
		}
		if err := q.VoidLaterWaysBack(ctx, left.ID, link.UserVersion, c.Now); err != nil {
			return err
		}
		if err := q.DeletePassword(ctx, left.ID); err != nil {
			return err
		}
		if _, revoked, err = s.endAll(ctx, q, c.Client, left.ID, EndedByEmailRevert); err != nil {
			return err
		}
		if err := s.tellOfRevert(ctx, q, c.Client, left, email); err != nil {
			return err
		}
		return q.InsertEvents(ctx, s.event(c.Client, EventEmailChangeReverted, left.ID, nil))
	})
	if err != nil {
		return "", err
	}
	s.blacklist.Add(revoked...)
	s.wake()
	return email.Text, nil
}

// restoreEmail uses the link up and gives the user its address back; it answers
// the user as it was before. InvalidToken.
func (s *Service) restoreEmail(ctx context.Context, q Queries, c Client, link Link, email Address) (left User, err error) {
	// The user's row first, which whoever ends the account's links holds too. What
	// is read under its lock is what the account leaves: a change of address may
	// have been quicker than this.
	won, err := q.BeginPasswordReset(ctx, link.UserID, c.Now)
	if err == nil && won {
		won, err = q.UseLink(ctx, link.Digest, LinkEmailRevert, c.Now)
	}
	if err == nil && won {
		left, err = q.UserByID(ctx, link.UserID)
	}
	if err == nil && won {
		won, err = q.ChangeEmail(ctx, left.ID, left.Version, email, c.Now)
	}
	if err == nil && !won {
		err = InvalidToken
	}
	return left, err
}

// tellOfRevert writes to the address that the account left, if it left one, and
// sends the link to choose a password to the one that it has again.
func (s *Service) tellOfRevert(ctx context.Context, q Queries, c Client, left User, email Address) error {
	if left.Email.Key != email.Key {
		if err := s.writeLetter(ctx, q, c, Letter{
			Kind: LetterEmailChangeReverted, To: left.Email.Text, Name: left.Name, Locale: left.Locale,
		}, false); err != nil {
			return err
		}
	}
	restored := left
	restored.Email = email
	return s.writeResetLink(ctx, q, c, restored)
}
