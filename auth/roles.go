package auth

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// PromoteUser gives the user of the name the roles, besides those that it has.
// Names are those of [Service.DeleteUser]. InvalidInput where no role can be
// called so; Conflict where nobody has shown that the account's address is
// theirs: whoever registered it would get the roles that were meant for its
// owner.
//
// Sessions go on: rules here go by the user's row from the next request on, and
// what others read in access tokens is renewed with the next refresh.
func (s *Service) PromoteUser(ctx context.Context, name string, roles ...string) (User, error) {
	return s.changeRoles(ctx, name, roles, func(user User) ([]string, error) {
		if !user.EmailVerified {
			return nil, fmt.Errorf("auth: nobody has shown that the address is theirs: have the owner reset the password first: %w", Conflict)
		}
		has := slices.Clone(user.Roles)
		for _, role := range roles {
			if !slices.Contains(has, role) {
				has = append(has, role)
			}
		}
		return has, nil
	})
}

// DemoteUser takes the roles from the user of the name, and is else as
// [Service.PromoteUser]. Conflict where an administrator would be the last.
func (s *Service) DemoteUser(ctx context.Context, name string, roles ...string) (User, error) {
	return s.changeRoles(ctx, name, roles, func(user User) ([]string, error) {
		return slices.DeleteFunc(slices.Clone(user.Roles), func(role string) bool { return slices.Contains(roles, role) }), nil
	})
}

func (s *Service) changeRoles(ctx context.Context, name string, named []string, change func(User) ([]string, error)) (User, error) {
	for _, role := range named {
		if !roleName.MatchString(role) {
			var faults violations
			faults.add("roles", Fault{Code: Malformed})
			return User{}, faults.refusal()
		}
	}
	account, err := s.accountNamed(ctx, name)
	if err != nil {
		return User{}, err
	}
	c := Client{Now: s.Now()}
	err = s.store.InTx(ctx, func(q Queries) error {
		// All administrators at once: two who are demoted together, or one while
		// another deletes itself, would else each count the other.
		locked, err := q.LockUserAndHolders(ctx, account.ID, RoleAdmin)
		if err != nil {
			return err
		}
		user, err := lockedUser(locked, account.ID)
		if err != nil {
			return err
		}
		roles, err := change(user)
		if err != nil {
			return err
		}
		if slices.Equal(roles, user.Roles) {
			return nil
		}
		if !slices.Contains(roles, RoleAdmin) && lastAdministrator(locked, user) {
			return errLastAdministrator()
		}
		if err := q.SetRoles(ctx, user.ID, roles, c.Now); err != nil {
			return err
		}
		return q.InsertEvents(ctx, s.event(c, EventRolesChanged, user.ID, map[string]any{"from": user.Roles, "to": roles}))
	})
	if err != nil {
		return User{}, err
	}
	return s.store.UserByID(ctx, account.ID)
}

// lockedUser is the user among those that were locked; ErrNotFound where it has
// gone meanwhile.
func lockedUser(locked []User, id uuid.UUID) (User, error) {
	at := slices.IndexFunc(locked, func(u User) bool { return u.ID == id })
	if at < 0 {
		return User{}, fmt.Errorf("auth: the account has just been deleted: %w", ErrNotFound)
	}
	return locked[at], nil
}

// lastAdministrator says whether the user is an administrator and, of those
// that [AccountQueries.LockUserAndHolders] locked, no other is.
func lastAdministrator(locked []User, user User) bool {
	return slices.Contains(user.Roles, RoleAdmin) && len(locked) == 1
}

func errLastAdministrator() error {
	return fmt.Errorf("auth: this is the last administrator: promote another first: %w", Conflict)
}
