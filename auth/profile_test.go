package auth_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/auth"
)

func TestATelephoneNumberIsKeptInOneForm(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"": "", "+442079460958": "+442079460958", "+44 (20) 7946-0958": "+442079460958",
		"+49 151 23456789": "+4915123456789", "+1.415.555.2671": "+14155552671",
	} {
		if got, fault := auth.ParsePhone(typed); got != want || fault != (auth.Fault{}) {
			t.Errorf("%q is %q, %+v", typed, got, fault)
		}
	}
	for typed, want := range map[string]auth.Fault{
		"02079460958": {Code: auth.Malformed}, "+": {Code: auth.Malformed}, "+0 123": {Code: auth.Malformed},
		"+999 123456789": {Code: auth.Malformed}, "+1 415": {Code: auth.Malformed}, "+1 415 555 26711": {Code: auth.Malformed},
		"+1 800 FLOWERS": {Code: auth.Malformed}, "+442079460958 ext. 5": {Code: auth.Malformed}, "tel:+442079460958": {Code: auth.Malformed},
		"+44２０79460958": {Code: auth.Malformed}, "+442079460958\n": {Code: auth.Malformed}, "+44\x002079460958": {Code: auth.Malformed},
		"+" + strings.Repeat("1", 32): {Code: auth.TooLong, Limit: 32},
	} {
		if got, fault := auth.ParsePhone(typed); fault != want || got != "" {
			t.Errorf("%.20q is %q, %+v", typed, got, fault)
		}
	}
}

func TestAPictureIsAnHTTPSURL(t *testing.T) {
	t.Parallel()
	longest := "https://example.org/" + strings.Repeat("a", 2048-len("https://example.org/"))
	for _, typed := range []string{"", "https://example.org", "https://example.org:8443/a%20b.png?s=64#x", "https://[2001:db8::1]/a", longest} {
		if got, fault := auth.ParseAvatarURL(typed); got != typed || fault != (auth.Fault{}) {
			t.Errorf("%.40q is %.40q, %+v", typed, got, fault)
		}
	}
	if _, fault := auth.ParseAvatarURL(longest + "a"); fault != (auth.Fault{Code: auth.TooLong, Limit: 2048}) {
		t.Errorf("too long: %+v", fault)
	}
	for _, typed := range []string{
		"http://example.org/a.png", "javascript:alert(1)", "data:image/png;base64,x", "//example.org/a.png", "/a.png", "example.org",
		"https:", "https://", "https:///a.png", "https://:443/", "https:example.org", "https://ada:secret@example.org/", "https://ada@example.org/",
		"https://example.org/\"onerror=x", "https://example.org/<script>", "https://example.org/a b", "https://example.org/\r\nx", "https://example.org/\\evil",
		"https://exämple.org/", "https://example.org/\x00", "https://example.org/\ufffd", "https://example.org/%zz",
	} {
		if got, fault := auth.ParseAvatarURL(typed); fault != (auth.Fault{Code: auth.Malformed}) || got != "" {
			t.Errorf("%q is %q, %+v", typed, got, fault)
		}
	}
}

func TestAllFaultsOfAProfileAreToldAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *auth.Options) {
		o.Settings.RequiredProfileFields = []auth.ProfileField{auth.ProfileName, auth.ProfilePhone}
	})
	c := h.named("ada@example.org", "ada")
	_, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{
		Email: "nobody", Password: "short", Locale: "!!",
		ProfileInput: auth.ProfileInput{Username: "ADA", Name: "  ", AvatarURL: "http://x"},
	})
	faultsAre(t, err, "input.avatarUrl MALFORMED", "input.email MALFORMED", "input.locale MALFORMED", "input.name REQUIRED",
		"input.password TOO_SHORT 12", "input.phone REQUIRED", "input.username TAKEN")

	empty, bad := "", "http://x"
	_, err = h.UpdateProfile(h.ctx, c, auth.ProfileChange{Name: &empty, Phone: &bad, AvatarURL: &bad, Locale: &bad})
	faultsAre(t, err, "input.avatarUrl MALFORMED", "input.locale MALFORMED", "input.name REQUIRED", "input.phone MALFORMED")
	// What is not touched is not asked for.
	picture := "https://example.org/ada.png"
	_, err = h.UpdateProfile(h.ctx, c, auth.ProfileChange{AvatarURL: &picture})
	ok(t, err)
}

func TestARequiredUsernameIsAskedFor(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *auth.Options) { o.Settings.RequiredProfileFields = auth.ProfileFields() })
	_, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{Email: "ada@example.org", Password: password})
	faultsAre(t, err, "input.avatarUrl REQUIRED", "input.name REQUIRED", "input.phone REQUIRED", "input.username REQUIRED")
}

func TestAPasswordIsNotMadeOfTheUsername(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{
		Email: "ada@example.org", Password: "Countess-of-L-1", ProfileInput: auth.ProfileInput{Username: "countess.of.l"},
	})
	violates(t, err, "input.password PASSWORD_TOO_COMMON")
	h.named("eve@example.org", "duchess.of.x")
	_, err = h.RequestPasswordReset(h.ctx, h.stranger(), "eve@example.org")
	ok(t, err)
	_, err = h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: h.letter().Token, NewPassword: "Duchess-of-X-1"})
	violates(t, err, "input.newPassword PASSWORD_TOO_COMMON")
}

func TestAProfileIsChangedFieldByField(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.named("ada@example.org", "ada")
	name, phone, picture, locale, empty := "Ada", "+44 20 7946 0958", "https://example.org/ada.png", "de_at", ""
	u, err := h.UpdateProfile(h.ctx, c, auth.ProfileChange{Name: &name, Phone: &phone, AvatarURL: &picture, Locale: &locale})
	ok(t, err)
	want := u
	want.Name, want.Phone, want.AvatarURL, want.Locale = "Ada", "+442079460958", picture, "de-AT"
	if diff := cmp.Diff(want, u); diff != "" {
		t.Error(diff)
	}
	u, err = h.UpdateProfile(h.ctx, c, auth.ProfileChange{Phone: &empty, Locale: &empty})
	ok(t, err)
	want.Phone, want.Locale, want.UpdatedAt = "", "en", u.UpdatedAt
	if diff := cmp.Diff(want, u); diff != "" {
		t.Error(diff)
	}
	before := rows(t, h)
	u, err = h.UpdateProfile(h.ctx, c, auth.ProfileChange{})
	ok(t, err)
	if diff := cmp.Diff(want, u); diff != "" || rows(t, h) != before {
		t.Errorf("nothing was asked, and it changed %s", diff)
	}
	_, err = h.SuspendUser(h.ctx, "ada@example.org")
	ok(t, err)
	_, err = h.UpdateProfile(h.ctx, c, auth.ProfileChange{Name: &empty})
	wants(t, err, auth.Unauthenticated)
}

// faultsAre fails the test unless the error has exactly these violations.
func faultsAre(t *testing.T, err error, want ...string) {
	t.Helper()
	var got []string
	if refusal, is := errors.AsType[*auth.Refusal](err); is {
		for _, v := range refusal.Violations {
			got = append(got, v.String())
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%v: %s", err, diff)
	}
}
