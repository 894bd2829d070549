package config

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted stands wherever a Secret is formatted.
const redacted = "[redacted]"

// A Secret is a setting that must not be seen. However it is printed, logged or
// encoded, it shows a placeholder; only Reveal gives the value.
//
// The value lies behind a pointer, so that a dump by reflection that calls no
// method, as fmt does inside unexported fields, shows an address at most.
type Secret struct{ value *string }

// NewSecret makes a Secret of the value.
func NewSecret(value string) Secret { return Secret{&value} }

// Reveal gives the value; "" where there is none.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String implements fmt.Stringer.
func (Secret) String() string { return redacted }

// Format implements fmt.Formatter, which no verb gets past.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler, and so serves JSON too.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
