package config

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// A kind is a type of setting bound to the field that takes the value.
type kind struct {
	label string // how help names the type
	// set reads the text, which is not empty, into the field. Its error says what
	// is wanted; it may not show the text, which may be a secret.
	set func(text string) error
}

// choice takes one of the words.
func choice(into *string, words ...string) kind {
	return kind{label: strings.Join(words, ", "), set: func(text string) error {
		if !slices.Contains(words, text) {
			return fmt.Errorf("want %s", strings.Join(words, " or "))
		}
		*into = text
		return nil
	}}
}

// toggle takes one of two words, the first of which is true.
func toggle(into *bool, yes, no string) kind {
	var chosen string
	k := choice(&chosen, yes, no)
	return kind{label: k.label, set: func(text string) error {
		err := k.set(text)
		*into = chosen == yes
		return err
	}}
}

func level(into *slog.Level) kind {
	var chosen string
	k := choice(&chosen, "debug", "info", "warn", "error")
	return kind{label: k.label, set: func(text string) error {
		if err := k.set(text); err != nil {
			return err
		}
		return into.UnmarshalText([]byte(text))
	}}
}

func number(into *int, least, most int) kind {
	return kind{label: fmt.Sprintf("number, %d to %d", least, most), set: func(text string) error {
		n, err := strconv.Atoi(text)
		if err != nil || n < least || n > most {
			return fmt.Errorf("want a number from %d to %d", least, most)
		}
		*into = n
		return nil
	}}
}

// units are the suffixes of a Size.
var units = []struct {
	suffix string
	bytes  Size
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"B", 1}}

// String writes the size with the largest unit that leaves a whole number.
func (s Size) String() string {
	for _, u := range []int{2, 1, 0} {
		if s >= units[u].bytes && s%units[u].bytes == 0 {
			return strconv.FormatInt(int64(s/units[u].bytes), 10) + units[u].suffix
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

func size(into *Size, least, most Size) kind {
	return kind{label: fmt.Sprintf("size, %v to %v", least, most), set: func(text string) error {
		digits, unit := text, Size(1)
		for _, u := range units {
			if d, ok := strings.CutSuffix(text, u.suffix); ok {
				digits, unit = d, u.bytes
				break
			}
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/int64(unit) || Size(n)*unit < least || Size(n)*unit > most {
			return fmt.Errorf("want a size from %v to %v, as in 64KiB", least, most)
		}
		*into = Size(n) * unit
		return nil
	}}
}

// days leads a duration that Go's own parser does not know.
var days = regexp.MustCompile(`^([0-9]{1,5})d`)

// parseDuration reads what time.ParseDuration does, with days before it: 90d,
// 1d12h.
func parseDuration(text string) (time.Duration, error) {
	var whole time.Duration
	if m := days.FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return 0, err
		}
		whole = time.Duration(n) * day
		if text = text[len(m[0]):]; text == "" {
			return whole, nil
		}
	}
	rest, err := time.ParseDuration(text)
	if err == nil && rest < 0 {
		err = errors.New("negative")
	}
	return whole + rest, err
}

// formatDuration writes a duration as an operator would: 90d, 10m, 1h30m.
func formatDuration(d time.Duration) string {
	if d == 0 {
		return "0"
	}
	var b strings.Builder
	for _, u := range []struct {
		suffix string
		length time.Duration
	}{{"d", day}, {"h", time.Hour}, {"m", time.Minute}} {
		// A single day is written in hours, as everybody says it.
		if whole := d.Truncate(u.length); whole > 0 && (whole != day || u.length != day) {
			fmt.Fprintf(&b, "%d%s", whole/u.length, u.suffix)
			d -= whole
		}
	}
	if d > 0 {
		b.WriteString(d.String())
	}
	return b.String()
}

func duration(into *time.Duration, least, most time.Duration) kind {
	from, to := formatDuration(least), formatDuration(most)
	return kind{label: "duration, " + from + " to " + to, set: func(text string) error {
		d, err := parseDuration(text)
		if err != nil || d < least || d > most {
			return fmt.Errorf("want a duration from %s to %s, as in 90s, 1h30m or 14d", from, to)
		}
		*into = d
		return nil
	}}
}

// rates takes several limits that hold together.
func rates(into *[]Rate) kind {
	return kind{label: "rates", set: func(text string) error {
		var all []Rate
		for part := range strings.SplitSeq(text, ",") {
			n, per, _ := strings.Cut(strings.TrimSpace(part), "/")
			count, err := strconv.Atoi(n)
			span, wrong := parseDuration(per)
			if err != nil || wrong != nil || count < 1 || count > 1_000_000 || span < time.Second || span > 30*day {
				return errors.New("want rates as in 20/1m,100/1h: 1 to 1000000 attempts, a slash, and a duration from 1s to 30d")
			}
			all = append(all, Rate{N: count, Per: span})
		}
		*into = all
		return nil
	}}
}

func rate(into *Rate) kind {
	return kind{label: "rate", set: func(text string) error {
		var all []Rate
		err := rates(&all).set(text)
		if err != nil || len(all) != 1 {
			return errors.New("want one rate as in 300/1m: 1 to 1000000 attempts, a slash, and a duration from 1s to 30d")
		}
		*into = all[0]
		return nil
	}}
}

// word takes text without blanks or control characters.
func word(into *string) kind {
	return kind{label: "text", set: func(text string) error {
		if !printable(text) || strings.ContainsFunc(text, unicode.IsSpace) || len(text) > 255 {
			return errors.New("want at most 255 bytes without blanks")
		}
		*into = text
		return nil
	}}
}

// name takes what is shown to people, and stands in the header of letters: a
// line break in it would add a header of its own.
func name(into *string) kind {
	return kind{label: "text", set: func(text string) error {
		if !printable(text) || utf8.RuneCountInString(text) > 100 {
			return errors.New("want one line of at most 100 characters")
		}
		*into = text
		return nil
	}}
}

// locale takes a language tag, and gives it its canonical form. What it refuses
// would be refused of a user as well.
func locale(into *string) kind {
	return kind{label: "language", set: func(text string) error {
		tag, err := language.Parse(text)
		if err != nil || len(text) > 35 || tag == language.Und {
			return errors.New("want a language as in en, de-AT or pt-BR")
		}
		*into = tag.String()
		return nil
	}}
}

// directory takes the path of one that is there.
func directory(into *string) kind {
	return kind{label: "directory", set: func(text string) error {
		if found, err := os.Stat(text); err != nil || !found.IsDir() {
			return errors.New("want a directory that is there")
		}
		*into = text
		return nil
	}}
}

func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return !unicode.IsPrint(r)
	})
}

// someOf takes any of the words, each once.
func someOf(into *[]string, words ...string) kind {
	return kind{label: "words", set: func(text string) error {
		var all []string
		for part := range strings.SplitSeq(text, ",") {
			word := strings.TrimSpace(part)
			if !slices.Contains(words, word) || slices.Contains(all, word) {
				return fmt.Errorf("want any of %s, separated by commas", strings.Join(words, ", "))
			}
			all = append(all, word)
		}
		*into = all
		return nil
	}}
}

var hexColour = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)

func colour(into *string) kind {
	return kind{label: "colour", set: func(text string) error {
		if !hexColour.MatchString(text) {
			return errors.New("want # and six hexadecimal digits")
		}
		*into = strings.ToLower(text)
		return nil
	}}
}
