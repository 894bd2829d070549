package server

import (
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"gatehouse/mail"
	"gatehouse/web"
)

// pathMailbox is where letters are read that nobody was sent.
const pathMailbox = "/dev/mailbox"

// mailboxPages are the letters that were written, for whoever tries the server
// out on this machine.
type mailboxPages struct {
	letters mail.Mailbox
	pages   *web.Pages
	path    string // of the mailbox, as browsers ask for it
	logger  *slog.Logger
}

// mailbox is where the letters are that may be read here; nil where they may
// not. Their links let whoever follows them into accounts: that is for loopback
// only, and for wires that show them anyway.
func (s *Server) mailbox(wire mail.Wire) mail.Mailbox {
	box, readable := wire.(mail.Mailbox)
	if !readable || !s.config.Mailbox() {
		return nil
	}
	return box
}

// mountMailbox puts the mailbox in its place, where there is one.
func (s *Server) mountMailbox(mux *http.ServeMux, public *url.URL, pages *web.Pages) {
	if s.letters == nil {
		return
	}
	m := mailboxPages{letters: s.letters, pages: pages, path: public.Path + pathMailbox, logger: s.deps.Logger}
	guard := onlyHere(public, pathMailbox)
	mux.Handle("GET "+pathMailbox, guard(http.HandlerFunc(m.list)))
	mux.Handle("GET "+pathMailbox+"/{id}", guard(http.HandlerFunc(m.letter)))
	mux.Handle("GET "+pathMailbox+"/{id}/html", guard(http.HandlerFunc(m.html)))
}

// list shows all letters.
func (m mailboxPages) list(w http.ResponseWriter, r *http.Request) {
	letters, err := m.letters.Letters(r.Context())
	if err != nil {
		m.fail(w, r, err)
		return
	}
	var view web.View
	for _, l := range letters {
		view.Letters = append(view.Letters, m.shown(l))
	}
	m.write(w, r, web.Mailbox, http.StatusOK, view)
}

// letter shows one.
func (m mailboxPages) letter(w http.ResponseWriter, r *http.Request) {
	l, found, err := m.find(r)
	switch {
	case err != nil:
		m.fail(w, r, err)
	case !found:
		m.write(w, r, web.MailboxLetter, http.StatusNotFound, web.View{})
	default:
		m.write(w, r, web.MailboxLetter, http.StatusOK, web.View{Letters: []web.Letter{m.shown(l)}})
	}
}

// html is what the frame of that page shows.
func (m mailboxPages) html(w http.ResponseWriter, r *http.Request) {
	l, found, err := m.find(r)
	switch {
	case err != nil:
		m.fail(w, r, err)
	case !found:
		http.NotFound(w, r)
	default:
		if err := m.pages.WriteLetter(w, l.HTML); err != nil {
			m.fail(w, r, err)
		}
	}
}

// find gives the letter that the path names. It is looked for among those there
// are: no text of a request becomes a file's name.
func (m mailboxPages) find(r *http.Request) (mail.Message, bool, error) {
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		return mail.Message{}, false, nil
	}
	letters, err := m.letters.Letters(r.Context())
	if err != nil {
		return mail.Message{}, false, err
	}
	for _, l := range letters {
		if l.ID == id {
			return l, true, nil
		}
	}
	return mail.Message{}, false, nil
}

func (m mailboxPages) shown(l mail.Message) web.Letter {
	return web.Letter{
		Path: m.path + "/" + l.ID.String(), To: l.To, Subject: l.Subject, Text: l.Text,
		Written: l.Date.UTC().Format(time.DateTime) + " UTC",
	}
}

func (m mailboxPages) write(w http.ResponseWriter, r *http.Request, name web.Page, status int, view web.View) {
	if err := m.pages.Write(w, r, name, status, view); err != nil {
		m.fail(w, r, err)
	}
}

func (m mailboxPages) fail(w http.ResponseWriter, r *http.Request, err error) {
	m.logger.ErrorContext(r.Context(), "request failed", "error", err)
	http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
}
