package config

import "strings"

// A Fault is what is wrong with one variable.
type Fault struct {
	Name string // of the variable, in full
	Text string // what is wrong; never the value of a secret
}

// Error implements error.
func (f Fault) Error() string { return f.Name + ": " + f.Text }

// Faults are all that is wrong with an environment.
type Faults []Fault

// Error implements error: a line for each fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

// has reports whether the variable, named without prefix, already has a fault.
func (f Faults) has(name string) bool {
	for _, fault := range f {
		if fault.Name == prefix+name {
			return true
		}
	}
	return false
}
