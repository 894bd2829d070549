package mail

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// A Brand is how letters look and who they speak for.
type Brand struct {
	Name       string // of the team or product
	LogoURL    string // "" shows the name instead
	Colour     string // six hexadecimal digits after a #
	TermsURL   string // "" where there are none
	PrivacyURL string // "" where there is none
}

var hexColour = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)

// check wants what can stand in a subject and a style sheet as it is.
func (b Brand) check() error {
	var faults []error
	if strings.TrimSpace(b.Name) == "" || strings.ContainsFunc(b.Name, unicode.IsControl) {
		faults = append(faults, errors.New("mail: BRAND_NAME: empty, or with control characters"))
	}
	if !hexColour.MatchString(b.Colour) {
		faults = append(faults, errors.New("mail: BRAND_COLOUR: not a # and six hexadecimal digits"))
	}
	for setting, s := range map[string]string{
		"BRAND_LOGO_URL": b.LogoURL, "BRAND_TERMS_URL": b.TermsURL, "BRAND_PRIVACY_URL": b.PrivacyURL,
	} {
		if s != "" {
			faults = append(faults, checkURL(setting, s))
		}
	}
	return errors.Join(faults...)
}

// Ink is the colour of letters on the brand's: black or white, whichever has
// more contrast (WCAG 2.2, relative luminance).
func (b Brand) Ink() string {
	light := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		channel, err := strconv.ParseUint(b.Colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			return "#000000"
		}
		c := float64(channel) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		light += weight * c
	}
	// Contrast with white is 1.05/(light+0.05), with black (light+0.05)/0.05.
	if 1.05*0.05 > (light+0.05)*(light+0.05) {
		return "#ffffff"
	}
	return "#000000"
}
