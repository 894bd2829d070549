package graph

import (
	"context"

	"gatehouse/graph/model"
)

// ExportAccount gives all that is held about the caller.
func (m mutation) ExportAccount(ctx context.Context) (*model.ExportAccountPayload, error) {
	export, err := m.auth.ExportAccount(ctx, CallerFrom(ctx))
	if err != nil {
		return nil, err
	}
	return &model.ExportAccountPayload{Account: PresentExport(export)}, nil
}
