package auth_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/auth"
)

func TestAReinstatedUserSignsInAnewAndNothingElseComesBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	before := h.login("ada@example.org")
	_, err := h.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
	ok(t, err)
	link := h.letter().Token
	_, err = h.SuspendUser(h.ctx, "ada@example.org")
	ok(t, err)
	for range 2 { // the second time it is so already
		user, err := h.ReinstateUser(h.ctx, "ada@example.org")
		if err != nil || user.Status != auth.Active {
			t.Fatalf("%v, %v", user, err)
		}
	}
	wants(t, h.caller(before.Tokens.Access).Refused, auth.InvalidToken)
	_, err = h.refresh(before.Tokens.Refresh)
	wants(t, err, auth.InvalidToken)
	_, err = h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: link, NewPassword: "nine silent harbours"})
	wants(t, err, auth.InvalidToken)
	h.login("ada@example.org")
	if left := rows(t, h); strings.Count(left, "USER_REINSTATED") != 1 {
		t.Errorf("the audit log:\n%s", left)
	}
}

func TestRolesAreGivenAndTakenWithTheNextRequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	h.admin("grace@example.org")
	c := h.signedIn("ada@example.org")
	admins := auth.Guard{Roles: []string{auth.RoleAdmin}, By: []auth.CallerKind{auth.BySession}}
	wants(t, h.Authorize(h.ctx, c, admins), auth.Forbidden)
	for range 2 { // the second time it is so already
		user, err := h.PromoteUser(h.ctx, "ada@example.org", "admin", "billing", "admin")
		if err != nil || !slices.Equal(user.Roles, []string{"admin", "billing"}) {
			t.Fatalf("%v, %v", user.Roles, err)
		}
	}
	ok(t, h.Authorize(h.ctx, c, admins))
	user, err := h.DemoteUser(h.ctx, "ada@example.org", "admin", "editor")
	if err != nil || !slices.Equal(user.Roles, []string{"billing"}) {
		t.Fatalf("%v, %v", user.Roles, err)
	}
	wants(t, h.Authorize(h.ctx, c, admins), auth.Forbidden)
	for _, role := range []string{"", "Big Boss", "admin\x00"} {
		_, err = h.PromoteUser(h.ctx, "ada@example.org", "billing", role)
		wants(t, err, auth.InvalidInput)
	}
	if left := rows(t, h); strings.Count(left, "ROLES_CHANGED") != 2 {
		t.Errorf("the audit log:\n%s", left)
	}
}

// A stranger who registered somebody's address must not get the roles that an
// operator means for its owner, nor have the operator's letter carry his words.
func TestRolesAreNotGivenToAnAddressThatNobodyHasProved(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	open := h.where(withoutActivation)
	_, err := open.Register(h.ctx, h.stranger(), auth.RegisterInput{
		Email: "ada@example.org", Password: password, ProfileInput: auth.ProfileInput{Name: "Win a prize at evil.example"},
	})
	ok(t, err)
	h.letters()
	_, err = open.PromoteUser(h.ctx, "ada@example.org", auth.RoleAdmin)
	wants(t, err, auth.Conflict)
	_, err = open.SendPasswordReset(h.ctx, "ada@example.org")
	ok(t, err)
	letter := h.letter()
	if letter.Name != "" {
		t.Errorf("the letter says %q", letter.Name)
	}
	_, err = open.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: letter.Token, NewPassword: "nine silent harbours"})
	ok(t, err)
	_, err = open.PromoteUser(h.ctx, "ada@example.org", auth.RoleAdmin)
	ok(t, err)
}

func TestAnOperatorDoesNotTakeTheLastAdministratorEither(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.admin("ada@example.org")
	h.admin("suspended@example.org")
	h.user("grace@example.org")
	_, err := h.SuspendUser(h.ctx, "suspended@example.org")
	ok(t, err)
	before := rows(t, h)
	_, err = h.DeleteUser(h.ctx, "ada@example.org")
	wants(t, err, auth.Conflict)
	_, err = h.DemoteUser(h.ctx, "ada@example.org", "editor", "admin")
	wants(t, err, auth.Conflict)
	if after := rows(t, h); after != before {
		t.Errorf("it left\n%s\nof\n%s", after, before)
	}
	_, err = h.DemoteUser(h.ctx, "ada@example.org", "editor")
	ok(t, err)
	// One who is suspended is no administrator who could stay, and may go.
	_, err = h.DeleteUser(h.ctx, "suspended@example.org")
	ok(t, err)
	_, err = h.PromoteUser(h.ctx, "grace@example.org", auth.RoleAdmin)
	ok(t, err)
	_, err = h.DeleteUser(h.ctx, "ada@example.org")
	ok(t, err)
	_, err = h.DemoteUser(h.ctx, "grace@example.org", auth.RoleAdmin)
	wants(t, err, auth.Conflict)
}

func TestOfAdministratorsWhoAreDemotedAndDeletedTogetherOneStays(t *testing.T) {
	t.Parallel()
	h := newHouse(t, unlimited)
	for range 10 {
		var group sync.WaitGroup
		emails := []string{"a@example.org", "b@example.org", "c@example.org", "d@example.org"}
		for _, email := range emails {
			if _, err := h.ViewAccount(h.ctx, email); errors.Is(err, auth.ErrNotFound) {
				h.user(email)
			}
			_, err := h.PromoteUser(h.ctx, email, auth.RoleAdmin)
			ok(t, err)
		}
		for i, email := range emails {
			group.Go(func() {
				var err error
				if i%2 == 0 {
					_, err = h.DemoteUser(h.ctx, email, auth.RoleAdmin)
				} else {
					_, err = h.DeleteUser(h.ctx, email)
				}
				if err != nil && !errors.Is(err, auth.Conflict) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		left := 0
		for _, email := range emails {
			view, err := h.ViewAccount(h.ctx, email)
			if err == nil && slices.Contains(view.Roles, auth.RoleAdmin) {
				left++
			}
		}
		if left != 1 {
			t.Fatalf("%d administrators are left", left)
		}
	}
}

// An operator's deletion is that of deleteAccount: of a suspended account too.
func TestAnOperatorDeletesAnAccountWhole(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for name, before := range map[string]func(){
		"of one who is signed in": func() {},
		"of one who is suspended": func() {
			_, err := h.SuspendUser(h.ctx, "ada@example.org")
			ok(t, err)
		},
	} {
		user := h.user("ada@example.org")
		in := h.login("ada@example.org")
		before()
		gone, err := h.DeleteUser(h.ctx, "ada@example.org")
		if err != nil || gone.ID != user.ID {
			t.Fatalf("%s: %v, %v", name, gone, err)
		}
		wants(t, h.caller(in.Tokens.Access).Refused, auth.InvalidToken)
		_, err = h.refresh(in.Tokens.Refresh)
		wants(t, err, auth.InvalidToken)
		fresh := auth.NewBlacklist()
		ok(t, auth.NewFeed(h.store, fresh).Poll(h.ctx, h.Now()))
		claims, err := h.keys.Verify(h.Now(), in.Tokens.Access)
		ok(t, err)
		if !fresh.Forbids(claims, h.Now()) {
			t.Errorf("%s: a process that starts lets it in", name)
		}
		farewell := h.letter()
		if farewell.Kind != auth.LetterAccountDeleted || farewell.To != "ada@example.org" || farewell.IPAddress != "" {
			t.Errorf("%s: the letter that waits: %+v", name, farewell)
		}
		left := rows(t, h)
		if strings.Contains(left, "ada@") || !strings.Contains(left, "ACCOUNT_DELETED "+user.ID.String()) {
			t.Errorf("%s: left is\n%s", name, left)
		}
		_, err = h.DeleteUser(h.ctx, user.ID.String())
		if !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("%s: again: %v", name, err)
		}
		h.pass(time.Minute)
	}
}

func TestAnOperatorSendsALinkThatReplacesOlderOnes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	in := h.login("ada@example.org")
	var links []string
	for range 5 { // more than anybody may ask for
		_, err := h.SendPasswordReset(h.ctx, "ada@example.org")
		ok(t, err)
		letter := h.letter()
		if letter.Kind != auth.LetterPasswordReset || letter.To != "ada@example.org" {
			t.Fatalf("%+v", letter)
		}
		links = append(links, letter.Token)
	}
	if c := h.caller(in.Tokens.Access); c.Kind != auth.BySession {
		t.Errorf("the letter alone signs out: %v", c.Refused)
	}
	for i, link := range links {
		_, err := h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: link, NewPassword: "nine silent harbours"})
		if i < len(links)-1 {
			wants(t, err, auth.InvalidToken)
		} else {
			ok(t, err)
		}
	}
	_, err := h.SuspendUser(h.ctx, "ada@example.org")
	ok(t, err)
	_, err = h.SendPasswordReset(h.ctx, "ada@example.org")
	wants(t, err, auth.AccountSuspended)
	if letters := h.letters(); len(letters) != 1 { // of the change before
		t.Errorf("%d letters wait", len(letters))
	}
}

func TestAnOperatorExportsASuspendedAccountToo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user := h.user("ada@example.org")
	h.login("ada@example.org")
	_, err := h.SuspendUser(h.ctx, "ada@example.org")
	ok(t, err)
	held, err := h.ExportUser(h.ctx, "ada@example.org")
	ok(t, err)
	if held.User.ID != user.ID || len(held.Sessions) != 1 || len(held.Credentials) != 1 {
		t.Errorf("%+v", held)
	}
	if !slices.ContainsFunc(held.Events, func(e auth.Event) bool { return e.Type == auth.EventAccountExported && e.IPAddress == "" }) {
		t.Errorf("it does not tell of itself: %+v", held.Events)
	}
	_, err = h.ExportUser(h.ctx, "nobody@example.org")
	if !errors.Is(err, auth.ErrNotFound) {
		t.Error(err)
	}
}
