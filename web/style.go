package web

import (
	"fmt"
	"html/template"
	"io/fs"
	"math"
	"regexp"
	"strconv"
)

var colourForm = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)

// stylesheet is the embedded one, led by the brand's colour and by what can be
// read on it.
func stylesheet(colour string) (template.CSS, error) {
	if !colourForm.MatchString(colour) {
		return "", fmt.Errorf("web: a colour is # and six hexadecimal digits, not %q", colour)
	}
	rules, err := fs.ReadFile(templates, "templates/style.css")
	if err != nil {
		return "", fmt.Errorf("web: read style sheet: %w", err)
	}
	//nolint:gosec // embedded rules and six digits that were just checked
	return template.CSS(":root { --brand: " + colour + "; --on-brand: " + readableOn(colour) + "; }" + string(rules)), nil
}

// readableOn is white or black, whichever has the greater contrast with the
// colour: at least 4.5 to 1 for every one there is (WCAG 2.2, 1.4.3).
func readableOn(colour string) string {
	luminance := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		byte8, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			panic(err) // the form was checked
		}
		c := float64(byte8) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		luminance += weight * c
	}
	if 1.05/(luminance+0.05) >= (luminance+0.05)/0.05 {
		return "#fff"
	}
	return "#000"
}
