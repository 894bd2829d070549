package auth

// SignRefresh lets tests forge what only this server could sign.
func (s Secrets) SignRefresh(c RefreshClaims) string { return s.signRefresh(c) }
