package main

import "strings"

// examples are lines that can be typed, below the explanation of a command. Tests
// read each as this program would.
func examples(lines ...string) string {
	return "Examples:\n\n\t" + strings.Join(lines, "\n\t")
}
