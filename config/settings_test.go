package config_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"gatehouse/config"
)

func TestEverySettingIsExplained(t *testing.T) {
	t.Parallel()
	settings := config.Settings()
	seen := make(map[string]bool)
	for _, s := range settings {
		if seen[s.Name] {
			t.Errorf("%s is listed twice", s.Name)
		}
		seen[s.Name] = true
		if s.Type == "" || !strings.HasSuffix(s.Meaning, ".") || !strings.HasPrefix(s.Name, "GATEHOUSE_") {
			t.Errorf("%s is of type %q and means %q", s.Name, s.Type, s.Meaning)
		}
	}
	// A field without a setting would keep its zero value for ever.
	if fields := reflect.TypeFor[config.Config]().NumField(); fields != len(settings) {
		t.Errorf("Config has %d fields and %d settings", fields, len(settings))
	}
	for _, name := range []string{"SECRET", "DATABASE_URL", "DATABASE_DIRECT_URL", "MAIL_URL"} {
		for _, s := range settings {
			if s.Name == "GATEHOUSE_"+name && !s.Secret {
				t.Errorf("%s is not secret", name)
			}
		}
	}
}

func TestTheListsShowEverySetting(t *testing.T) {
	t.Parallel()
	var text, markdown bytes.Buffer
	if err := config.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := config.WriteMarkdown(&markdown); err != nil {
		t.Fatal(err)
	}
	for _, s := range config.Settings() {
		if !strings.Contains(text.String(), s.Name+"\n    "+s.Type) {
			t.Errorf("the text lacks %s", s.Name)
		}
		if !strings.Contains(markdown.String(), "\n| `"+s.Name+"` | "+s.Type+" | "+s.Default+" | ") {
			t.Errorf("the table lacks %s", s.Name)
		}
	}
	for line := range strings.Lines(text.String()) {
		if len(line) > 81 && strings.Count(line, " ") > 6 && !strings.Contains(line, "default") {
			t.Errorf("a line is too wide: %s", line)
		}
	}
	for line := range strings.Lines(markdown.String()) {
		if n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); n != 5 {
			t.Errorf("a row has %d bars, want 5: %s", n, line)
		}
	}
	if flat := strings.Join(strings.Fields(text.String()), " "); !strings.Contains(flat, "May lie in a file that GATEHOUSE_SECRET_FILE names.") {
		t.Error("the text does not tell that secrets may lie in files")
	}
}

func TestADurationIsShownAsItIsWritten(t *testing.T) {
	t.Parallel()
	types := make(map[string]string)
	for _, s := range config.Settings() {
		types[s.Name] = s.Type
	}
	for name, want := range map[string]string{
		"GATEHOUSE_LEEWAY":                "duration, 0 to 1m",
		"GATEHOUSE_KEY_ROTATION_INTERVAL": "duration, 1h to 3650d",
		"GATEHOUSE_ACCESS_TOKEN_LIFETIME": "duration, 1s to 24h",
		"GATEHOUSE_DOCUMENT_MAX_BYTES":    "size, 1KiB to 16MiB",
	} {
		if types[name] != want {
			t.Errorf("%s is of type %q, want %q", name, types[name], want)
		}
	}
}
