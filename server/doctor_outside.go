package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gatehouse/auth"
	"gatehouse/mail"
)

// examineAddresses holds the public URL against what stands in front of the
// server, and against who asks it with cookies.
func (d *doctor) examineAddresses() {
	cfg := d.config
	// Elsewhere than on loopback it is https, or the settings were not taken.
	d.say("public URL", Fine, cfg.PublicURL, "")
	switch {
	case cfg.Loopback():
		d.say("proxies", Fine, "none belongs in front of a server for this machine alone", "")
	case len(cfg.TrustedProxies) == 0:
		d.say("proxies", Doubt, "none is trusted, and something must end TLS in front: all clients count as one, and are limited together",
			"name its addresses in GATEHOUSE_TRUSTED_PROXIES")
	default:
		d.say("proxies", Fine, countOf(len(cfg.TrustedProxies), "network")+" trusted", "")
	}
	foreign := foreignSites(d.publicURL(), cfg.AllowedOrigins)
	switch {
	case !cfg.CookieTransport:
		d.say("cookies", Fine, "tokens are not kept in any", "")
	case len(foreign) > 0:
		d.say("cookies", Doubt, "browsers send none from origins of another site: "+strings.Join(foreign, " "),
			"use bearer tokens there, or serve both below one domain")
	default:
		d.say("cookies", Fine, countOf(len(cfg.AllowedOrigins), "further origin")+" of the same site", "")
	}
}

// examineMail signs in at the mail server, and sends nothing.
func (d *doctor) examineMail(ctx context.Context) {
	a := &assembly{config: d.config, deps: d.deps}
	wire, err := a.wire()
	if err != nil {
		d.say("mail", Failing, err.Error(), "see GATEHOUSE_MAIL_URL in gatehouse help settings")
		return
	}
	prober, sends := wire.(mail.Prober)
	if !sends {
		d.say("mail", Fine, "nothing is sent: letters go to the log or to files", "")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, examineWithin)
	defer cancel()
	note, err := prober.Probe(ctx)
	var failure *mail.Failure
	switch {
	case errors.As(err, &failure):
		d.say("mail", Failing, failure.Reason, "see that GATEHOUSE_MAIL_URL has the right host, user and password or key, and GATEHOUSE_MAIL_FROM a domain that it sends for")
	case err != nil:
		d.say("mail", Failing, "it can't be tried", "gatehouse mail test ADDRESS")
	case note != "":
		d.say("mail", Fine, "the server takes us; "+note, "")
	default:
		d.say("mail", Fine, "the server takes us; gatehouse mail test ADDRESS sends a letter", "")
	}
}

func (d *doctor) examineTemplates() {
	a := &assembly{config: d.config, deps: d.deps}
	if _, err := a.renderer(); err != nil {
		d.say("templates", Failing, err.Error(), "mend the files that are named, in GATEHOUSE_MAIL_TEMPLATES")
		return
	}
	d.say("templates", Fine, countOf(len(auth.LetterKinds()), "letter")+" can be put into words", "")
}

// countOf writes a number with its noun.
func countOf(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun + "s"
	case 1:
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// days writes an age as people say it.
func days(age time.Duration) string {
	if age < time.Hour {
		return "less than an hour"
	}
	if age < 48*time.Hour {
		return countOf(int(age.Hours()), "hour")
	}
	return countOf(int(age.Hours()/24), "day")
}
