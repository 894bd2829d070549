package mail

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"strings"
	texttemplate "text/template"
	"text/template/parse"
	"time"

	"github.com/jba/templatecheck"
	"golang.org/x/text/language"

	"gatehouse/auth"
)

// dots are what each block of the embedded templates is given.
func dots() map[string]any {
	return map[string]any{
		textLayout: page{}, htmlLayout: page{},
		"subject": page{}, "body": page{}, "greeting": page{}, "origin": page{}, "footer": page{},
		"device": Device{}, "lifetime": Lifetime{}, "instant": time.Time{}, "month": time.Month(0),
		"press": Button{}, "linktext": "", "address": "", "digits": "", "moment": "",
	}
}

// check finds what would go wrong when the letter is sent, before it is: first
// by the types of what templates are given, in the branches too that no probe
// takes, then by writing letters that hold everything and next to nothing,
// which is when html/template judges what stands where.
func (r *Renderer) check(files map[string]string, kind auth.LetterKind, tag language.Tag, p parts) error {
	// The HTML, not escaped: html/template rewrites what it has executed once.
	markup := texttemplate.New("letter").Funcs(functions())
	for _, name := range partNames(string(kind), tag.String()) {
		if !strings.HasSuffix(name, ".html") {
			continue
		}
		if _, err := markup.New(name).Parse(files[name]); err != nil {
			return err
		}
	}
	faults := append(checkBlocks(p.text), checkBlocks(markup)...)
	if err := errors.Join(faults...); err != nil {
		return err
	}
	// From here on a fault is of how files fit together, so the letter is told.
	letter := func(err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("%s.%s: %w", kind, tag, err))
		}
	}
	for name, dot := range map[string]any{"subject": page{}, "instant": time.Time{}, textLayout: page{}} {
		letter(templatecheck.CheckTextStrict(p.text.Lookup(name), dot))
	}
	letter(templatecheck.CheckTextStrict(markup.Lookup(htmlLayout), page{}))
	if errors.Join(faults...) == nil {
		at := time.Date(2026, time.December, 31, 23, 59, 0, 0, time.UTC)
		letter(r.probe(auth.Letter{Kind: kind, At: at}, tag, p, func(reflect.Value) {}))
		letter(r.probe(auth.Letter{Kind: kind, At: at, ExpiresAt: at.Add(90 * time.Minute)}, tag, p, fillEmpty))
	}
	return errors.Join(faults...)
}

// checkBlocks checks each block by itself, as if those that it calls were
// empty: the first fault of one must not hide what is wrong with the next.
func checkBlocks(set *texttemplate.Template) (faults []error) {
	dots := dots()
	for _, block := range set.Templates() {
		dot, known := dots[block.Name()]
		if !known {
			continue
		}
		alone, err := set.Clone()
		if err != nil {
			return append(faults, err)
		}
		for _, other := range alone.Templates() {
			if other.Name() != block.Name() {
				other.Tree = &parse.Tree{Name: other.Name(), Root: &parse.ListNode{NodeType: parse.NodeList}}
			}
		}
		faults = append(faults, templatecheck.CheckTextStrict(alone.Lookup(block.Name()), dot))
	}
	return faults
}

// probe writes a letter that is never sent.
func (r *Renderer) probe(l auth.Letter, tag language.Tag, t parts, fill func(reflect.Value)) error {
	p, err := r.page(l, tag, t)
	if err != nil {
		return err
	}
	fill(reflect.ValueOf(&p).Elem())
	subject, _, _, err := t.words(p)
	if err != nil {
		return cmp.Or(errors.Unwrap(err), err)
	}
	body, err := execute(t.text, "body", p)
	if err == nil && (subject == "" || strings.TrimSpace(body) == "") {
		err = errors.New("the subject or the body of the text says nothing")
	}
	return err
}

// fillEmpty gives every text of a page that has none a word, so that no part of
// a letter is left out.
func fillEmpty(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			fillEmpty(field)
		}
	case reflect.String:
		if v.Len() == 0 {
			v.SetString("probe")
		}
	}
}
