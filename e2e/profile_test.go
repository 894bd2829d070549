package e2e

import (
	"fmt"
	"testing"
)

// TestATeamChoosesWhatAProfileHolds goes from the settings to the answers.
func TestATeamChoosesWhatAProfileHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{database: sqlite(t), settings: []string{
		"GATEHOUSE_USERNAMES=off", "GATEHOUSE_REGISTRATION_FIELDS=name,phone",
	}})
	c := w.client()
	shown := c.ask("settings", nil)
	if got := fmt.Sprint(shown.at("settings.usernames"), shown.at("settings.requiredProfileFields")); got != "false [name phone]" {
		t.Errorf("settings say %s", got)
	}
	input := func(more map[string]any) map[string]any {
		in := map[string]any{"email": "ada@example.org", "password": "seven bright lanterns"}
		for field, value := range more {
			in[field] = value
		}
		return in
	}
	for want, in := range map[string]map[string]any{
		"INVALID_INPUT [{[input name] REQUIRED} {[input phone] REQUIRED}]": input(nil),
		"INVALID_INPUT [{[input phone] REQUIRED}]":                         input(map[string]any{"name": "Ada", "phone": nil}),
		"DISABLED []": input(map[string]any{"name": "Ada", "phone": "+442079460958", "username": "ada"}),
	} {
		refused := c.ask("register", in).errors()
		if len(refused) != 1 {
			t.Fatalf("%+v", refused)
		}
		violations := []string{}
		for _, v := range refused[0].Extensions.Violations {
			violations = append(violations, fmt.Sprintf("{%v %s}", v.Path, v.Code))
		}
		if got := fmt.Sprint(refused[0].Extensions.Code, " ", violations); got != want {
			t.Errorf("%v is refused with %s, not %s", in, got, want)
		}
	}
	for operation, in := range map[string]map[string]any{
		"requestUsernameReset": {"email": "ada@example.org"},
		"resetUsername":        {"token": "x", "username": "ada"},
	} {
		if refused := c.ask(operation, in).errors(); len(refused) != 1 || refused[0].Extensions.Code != "DISABLED" {
			t.Errorf("%s: %+v", operation, refused)
		}
	}
	if refused := c.ask("register", input(map[string]any{"name": "Ada", "phone": "+442079460958"})).errors(); len(refused) > 0 {
		t.Errorf("%+v", refused)
	}
}
