package graph

import (
	"context"

	"gatehouse/graph/model"
)

// Settings is what a client needs to draw its forms. It is the same for
// everyone.
func (q query) Settings(context.Context) (*model.Settings, error) {
	settings := q.settings
	return &settings, nil
}
