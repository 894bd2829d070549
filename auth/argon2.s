// Nothing: a package that has assembly may declare functions without a body, as
// argon2.go does.
