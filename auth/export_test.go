package auth

import "context"

// SignRefresh lets tests forge what only this server could sign.
func (s Secrets) SignRefresh(c RefreshClaims) string { return s.signRefresh(c) }

// Woken says whether the watch is to look at its session.
func (w *Watch) Woken() bool { return len(w.woken) > 0 }

// Look lets it look now.
func (w *Watch) Look(ctx context.Context) (EndReason, error) { return w.look(ctx) }
