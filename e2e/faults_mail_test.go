package e2e

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"gatehouse/mail/mailtest"
)

// troubleMail lets the mail server do everything that it should not. People
// register meanwhile as if nothing were, and in the end each has a letter.
func troubleMail(t *testing.T, s *scenario) {
	database := sqlite(t)
	tw := newTown(t, database, crowdSettings()...)
	l := newLine(t, strings.TrimPrefix(tw.mail.URL(), "smtp://"))
	tw.environ = append(tw.environ, "GATEHOUSE_MAIL_URL=smtp://"+l.address())
	n := tw.start()
	c := newCrowd(s, tw, 4)
	for range s.times {
		for what, trouble := range map[string]struct {
			begin func()
			end   func()
		}{
			"down":   {l.cut, l.mend},
			"silent": {func() { l.spoil("downstream", "timeout", `"timeout": 0`) }, l.mend},
			"slow":   {func() { l.spoil("upstream", "latency", `"latency": 700`) }, l.mend},
			"busy": {func() {
				for range 5 {
					tw.mail.Then(mailtest.Reaction{RefuseContent: mailtest.Refusal(451, smtp.EnhancedCode{4, 3, 0}, "come back later")})
				}
			}, func() {}},
			"closing after DATA":                {func() { tw.mail.Then(mailtest.Reaction{Drop: true}, mailtest.Reaction{Drop: true}) }, func() {}},
			"closing after DATA, with a letter": {func() { tw.mail.Then(mailtest.Reaction{Drop: true, Keep: true}) }, func() {}},
		} {
			trouble.begin()
			s.tried++
			s.tally(&s.kinds, what)
			// No request waits for the mail server: answers come before it is mended.
			rest := c.work()
			c.until(25)
			rest()
			trouble.end()
		}
	}
	c.check()
	c.activate()
	refuseForGood(s, tw, n, besides(t, database), c.people[0])
	// What was taken and not acknowledged comes again, and can be told as the same.
	ids := map[string]string{}
	for _, letter := range tw.mail.All() {
		id := letter.MessageID()
		if first, seen := ids[id]; seen {
			s.holds(first == letter.Text, "two letters are called %s", id)
		}
		ids[id] = letter.Text
	}
	s.remark("%d letters came, %d of them again", len(tw.mail.All()), len(tw.mail.All())-len(ids))
}

// refuseForGood has a letter refused for good: that is logged, and whoever waits
// for it can ask for another.
func refuseForGood(s *scenario, tw *town, n *node, db *sql.DB, p *citizen) {
	s.t.Helper()
	s.tally(&s.kinds, "refusing")
	s.tried++
	const address = "refused@example.org"
	// The next delivery must be that of this letter.
	eventually(s.t, "the outbox is empty", func() bool {
		var waiting int
		err := db.QueryRow("SELECT count(*) FROM outbox_letters WHERE sent_at IS NULL AND dead_at IS NULL AND NOT void").Scan(&waiting)
		return err == nil && waiting == 0
	})
	tw.mail.Then(mailtest.Reaction{RefuseRecipient: mailtest.Refusal(550, smtp.EnhancedCode{5, 1, 1}, "no such user: "+address)})
	a, _ := p.insist("register", "", map[string]any{"email": address, "password": password})
	eventually(s.t, "the letter is given up", func() bool { return strings.Contains(n.log.String(), "letter given up") })
	s.holds(!strings.Contains(n.log.String(), address), "the log tells the address")
	flow := a.text("register.flow")
	p.insist("resendActivation", "", map[string]any{"email": address, "flow": flow})
	token := tokenOf(s.t, tw.letter(address).Text)
	a, _ = p.insist("activate", "", map[string]any{"token": token, "flow": flow})
	p.wants(fmt.Sprintf("the activation of %s", address), a, "")
}
