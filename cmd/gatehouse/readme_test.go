package main

import (
	"bytes"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"gatehouse/config"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheREADMENamesEveryCommandAndMemberOfJSON(t *testing.T) {
	t.Parallel()
	text := readme(t)
	_, section, _ := strings.Cut(text, "### Commands\n")
	section, _, _ = strings.Cut(section, "\n### ")
	line, _, err := newCommandLine(&process{stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range leaves(line.Model.Node) {
		if path := command.FullPath(); !regexp.MustCompile("`" + strings.TrimPrefix(path, "gatehouse ") + "[` ]").MatchString(section) {
			t.Errorf("%s is missing", path)
		}
	}
	for _, answer := range []any{migrationAnswer{}, stepAnswer{}, accountAnswer{}, sessionAnswer{}, keyAnswer{}, doctorAnswer{}, checkAnswer{}} {
		for i := range reflect.TypeOf(answer).NumField() {
			if member := reflect.TypeOf(answer).Field(i).Tag.Get("json"); !strings.Contains(section, "`"+member+"`") {
				t.Errorf("%T: %s is missing", answer, member)
			}
		}
	}
}

func TestTheREADMENamesNoSettingAndNoOperationThatThereIsNot(t *testing.T) {
	t.Parallel()
	text := readme(t)
	var listed bytes.Buffer
	if err := config.WriteText(&listed); err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`GATEHOUSE_[A-Z_]*[A-Z]`).FindAllString(text, -1) {
		if name = strings.TrimSuffix(name, "_FILE"); !strings.Contains(listed.String(), name) {
			t.Errorf("there is no setting %s", name)
		}
	}

	schema, err := os.ReadFile("../../schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	// The right-hand column of whoever comes from elsewhere.
	_, tables, found := strings.Cut(text, "### Djoser\n")
	tables, _, _ = strings.Cut(tables, "\n## ")
	if !found {
		t.Fatal("no table for who comes from elsewhere")
	}
	named := 0
	for row := range strings.Lines(tables) {
		cells := strings.Split(row, " | ")
		if len(cells) != 2 {
			continue
		}
		if strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(cells[1]), "|")) == "" {
			t.Errorf("nothing stands beside %s", cells[0])
		}
		for _, name := range regexp.MustCompile("`([a-z]+[A-Za-z]*)`").FindAllStringSubmatch(cells[1], -1) {
			if name[1] == strings.ToLower(name[1]) && !strings.Contains("login refresh logout me register activate", name[1]) {
				continue // a claim, a role, a field of somebody else's
			}
			named++
			if !regexp.MustCompile(`\b`+name[1]+`\b`).Match(schema) && name[1] != "clientMutationId" {
				t.Errorf("the schema has no %s", name[1])
			}
		}
	}
	if named < 30 {
		t.Errorf("%d names were found", named)
	}
}

// Whoever looks for a name that they know finds it by the search of their
// browser, in the left-hand column.
func TestTheREADMEHasARowForWhateverOneKnowsFromElsewhere(t *testing.T) {
	t.Parallel()
	text := readme(t)
	known, err := os.ReadFile("testdata/elsewhere.names")
	if err != nil {
		t.Fatal(err)
	}
	rows, looked := "", 0
	for name := range strings.Lines(string(known)) {
		name = strings.TrimSpace(name)
		switch {
		case strings.HasPrefix(name, "### "):
			_, section, found := strings.Cut(text, name+"\n")
			if !found {
				t.Fatalf("no section %s", name)
			}
			section, _, _ = strings.Cut(section, "\n##")
			rows = ""
			for row := range strings.Lines(section) {
				left, _, _ := strings.Cut(row, " | ")
				rows += left + "\n"
			}
		case !strings.HasPrefix(name, "#"):
			looked++
			if !regexp.MustCompile("[` ]" + regexp.QuoteMeta(name) + "`").MatchString(rows) {
				t.Errorf("there is no row for %s", name)
			}
		}
	}
	if looked < 150 {
		t.Errorf("%d names were looked for", looked)
	}
}
