package graph

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

func TestAUserIsShownWithoutWhatIsNotInTheContract(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 2, 3, 4, 5, 6, 789123000, time.UTC)
	shown := presentUser(auth.User{
		ID: uuid.MustParse("019b0000-0000-7000-8000-000000000001"), Email: auth.Address{Text: "Ada@Example.org", Key: "ada@example.org"},
		EmailVerified: true, Username: auth.Username{Text: "Ada", Key: "ada"}, Name: "Ada", Phone: "+442079460958", AvatarURL: "https://example.org/ada.png", Locale: "en", Status: auth.Active, FailedSignIns: 77, Version: 99, CreatedAt: at, UpdatedAt: at,
	})
	text, err := json.Marshal(shown)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"id":"019b0000-0000-7000-8000-000000000001","email":"Ada@Example.org","emailVerified":true,"username":"Ada","name":"Ada","phone":"+442079460958","avatarUrl":"https://example.org/ada.png","locale":"en","status":"ACTIVE","roles":[],"createdAt":"2026-02-03T04:05:06.789123Z","updatedAt":"2026-02-03T04:05:06.789123Z"}`
	if string(text) != want {
		t.Errorf("shown is\n%s, not\n%s", text, want)
	}
}

func TestWhatIsNotThereIsNullAndListsNeverAre(t *testing.T) {
	t.Parallel()
	in := presentSignIn(auth.SignIn{})
	if in.User.Username != nil || in.User.Phone != nil || in.User.AvatarURL != nil || in.User.LastLoginAt != nil || in.RefreshTokenExpiresAt != nil || in.Tokens.RefreshToken != nil ||
		in.Session.DeviceName != nil || in.Session.UserAgent != nil || in.Session.IPAddress != nil {
		t.Errorf("something is there: %+v", in)
	}
	if in.User.Roles == nil || in.Session.Methods == nil {
		t.Error("a list is null")
	}
	if presentRegistered(auth.Registered{Email: "a"}).Flow != nil {
		t.Error("there is a flow")
	}
}

func TestASessionTellsItsUseToFiveMinutes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 2, 3, 4, 7, 8, 0, time.UTC)
	s := presentSession(auth.Session{RotatedAt: at, ExpiresAt: at.Add(time.Hour), CreatedAt: at}, true)
	if got := s.LastUsedAt.Format(time.TimeOnly); got != "04:05:00" {
		t.Errorf("last used at %s", got)
	}
	if got := s.ExpiresAt.Format(time.TimeOnly); got != "05:05:00" {
		t.Errorf("expires at %s", got)
	}
	if !s.Current || s.CreatedAt != at {
		t.Errorf("%+v", s)
	}
}

func TestEveryViolationKeepsItsPlaceAndBound(t *testing.T) {
	t.Parallel()
	got := presentViolations([]auth.Violation{
		{Path: []string{"input", "a"}, Code: auth.TooLong, Limit: 5}, {Path: []string{"input", "b"}, Code: auth.Mismatch},
	})
	if len(got) != 2 || *got[0].Limit != 5 || got[1].Limit != nil || !slices.Equal(got[1].Path, []string{"input", "b"}) ||
		got[1].Code != model.ViolationCodeMismatch {
		t.Errorf("%+v", got)
	}
}

// TestNoAnswerHasRoomForASecret walks the shapes of the contract: a token or a
// flow stands where it belongs and nowhere else, a hash or password nowhere.
func TestNoAnswerHasRoomForASecret(t *testing.T) {
	t.Parallel()
	allowed := []string{"Tokens.AccessToken", "Tokens.RefreshToken", "RegisterPayload.Flow",
		"SignedIn.Tokens", "SignedIn.AccessTokenExpiresAt", "SignedIn.RefreshTokenExpiresAt"}
	for _, shape := range []any{
		model.SignedIn{}, model.Tokens{}, model.User{}, model.Session{}, model.RegisterPayload{}, model.ResendActivationPayload{},
		model.DeclineRegistrationPayload{}, model.LogoutPayload{}, model.RequestPasswordResetPayload{}, model.ResetPasswordPayload{},
		model.UpdateProfilePayload{}, model.ChangeUsernamePayload{}, model.RequestUsernameResetPayload{}, model.ResetUsernamePayload{},
	} {
		typ := reflect.TypeOf(shape)
		for field := range typ.Fields() {
			name := typ.Name() + "." + field.Name
			for _, word := range []string{"Token", "Password", "Hash", "Digest", "Secret", "Code", "Flow", "Key"} {
				if strings.Contains(field.Name, word) && !slices.Contains(allowed, name) {
					t.Errorf("%s", name)
				}
			}
		}
	}
}

func TestAnInstantIsWrittenInUTCWithThreeDigits(t *testing.T) {
	t.Parallel()
	for want, at := range map[string]time.Time{
		`"2026-02-03T04:05:06.789Z"`: time.Date(2026, 2, 3, 4, 5, 6, 789999000, time.UTC),
		`"2026-02-03T04:05:06.000Z"`: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC),
		`"2026-02-03T02:05:06.700Z"`: time.Date(2026, 2, 3, 4, 5, 6, 700000000, time.FixedZone("", 7200)),
	} {
		var b bytes.Buffer
		model.MarshalDateTime(at).MarshalGQL(&b)
		if b.String() != want {
			t.Errorf("%s is written %s", at, &b)
		}
		back, err := model.UnmarshalDateTime(strings.Trim(want, `"`))
		if err != nil || !back.Equal(at.Truncate(time.Millisecond)) || back.Location() != time.UTC {
			t.Errorf("%s is read %s: %v", want, back, err)
		}
	}
	for _, v := range []any{nil, 1, "", "yesterday", "2026-02-03", "2026-02-30T00:00:00Z"} {
		if _, err := model.UnmarshalDateTime(v); err == nil {
			t.Errorf("%v was read", v)
		}
	}
}
