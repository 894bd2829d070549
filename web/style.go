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

// readable is the least contrast that text has with what is behind it (WCAG 2.2,
// 1.4.3).
const readable = 4.5

// What text lies on, where the brand's colour is bent until it can be read: of
// the light grounds the darker one, of the dark ones the lighter.
const (
	lightGround = "#f5f6f8"
	darkGround  = "#1d1f24"
)

// colours are the brand's, and what follows from it.
type colours struct {
	brand   string
	onBrand string // to be read on it
	accent  string // the brand's, to be read on the page by day
	night   string // the same by night
}

func palette(brand string) (colours, error) {
	if !colourForm.MatchString(brand) {
		return colours{}, fmt.Errorf("web: a colour is # and six hexadecimal digits, not %q", brand)
	}
	c := parseColour(brand)
	return colours{
		brand: brand, onBrand: c.ink().String(),
		accent: c.towards(rgb{0, 0, 0}, parseColour(lightGround)).String(),
		night:  c.towards(rgb{255, 255, 255}, parseColour(darkGround)).String(),
	}, nil
}

// css are the colours as properties that style sheets go by.
func (c colours) css() template.CSS {
	//nolint:gosec // six digits each
	return template.CSS(":root { --brand: " + c.brand + "; --on-brand: " + c.onBrand + "; --accent: " + c.accent + "; }" +
		" @media (prefers-color-scheme: dark) { :root { --accent: " + c.night + "; } }")
}

// stylesheet is the embedded one, led by the colours.
func stylesheet(brand string) (template.CSS, error) {
	c, err := palette(brand)
	if err != nil {
		return "", err
	}
	rules, err := fs.ReadFile(templates, "templates/style.css")
	if err != nil {
		return "", fmt.Errorf("web: read style sheet: %w", err)
	}
	//nolint:gosec // embedded rules
	return c.css() + template.CSS(rules), nil
}

// rgb is a colour by its parts, 0 to 255.
type rgb [3]float64

// parseColour reads what colourForm has matched.
func parseColour(text string) (c rgb) {
	for i := range c {
		part, err := strconv.ParseUint(text[1+2*i:3+2*i], 16, 8)
		if err != nil {
			panic(err) // the form was checked
		}
		c[i] = float64(part)
	}
	return c
}

// String is the colour as style sheets have it.
func (c rgb) String() string {
	return fmt.Sprintf("#%02x%02x%02x", uint8(math.Round(c[0])), uint8(math.Round(c[1])), uint8(math.Round(c[2])))
}

// luminance is relative, as WCAG 2.2 defines it.
func (c rgb) luminance() float64 {
	l := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		part := c[i] / 255
		if part <= 0.04045 {
			part /= 12.92
		} else {
			part = math.Pow((part+0.055)/1.055, 2.4)
		}
		l += weight * part
	}
	return l
}

func contrast(a, b rgb) float64 {
	light, dark := a.luminance(), b.luminance()
	if light < dark {
		light, dark = dark, light
	}
	return (light + 0.05) / (dark + 0.05)
}

// ink is white or black, whichever has the greater contrast with the colour: at
// least 4.5 to 1 for every one there is.
func (c rgb) ink() rgb {
	white, black := rgb{255, 255, 255}, rgb{}
	if contrast(c, white) >= contrast(c, black) {
		return white
	}
	return black
}

// towards is the colour, mixed with another in as small a part as lets it be read
// on the ground.
func (c rgb) towards(end, ground rgb) rgb {
	const steps = 50
	for n := range steps {
		part := float64(n) / steps
		mixed := rgb{}
		for i := range mixed {
			// As it will be written, so that rounding takes nothing away.
			mixed[i] = math.Round(c[i] + (end[i]-c[i])*part)
		}
		if contrast(mixed, ground) >= readable {
			return mixed
		}
	}
	return end
}
