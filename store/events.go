package store

import (
	"context"

	"gatehouse/auth"
	"gatehouse/ent"
)

// InsertEvents implements auth.Queries: one statement for all of them.
func (q *queries) InsertEvents(ctx context.Context, events ...auth.Event) error {
	rows := make([]*ent.EventCreate, len(events))
	for i, e := range events {
		rows[i] = q.c.Event.Create().
			SetID(e.ID).
			SetType(string(e.Type)).
			SetNillableUserID(optionalID(e.UserID)).
			SetNillableActorID(optionalID(e.ActorID)).
			SetIPAddress(e.IPAddress).
			SetUserAgent(e.UserAgent).
			SetAt(e.At)
		if len(e.Details) > 0 {
			rows[i].SetDetails(e.Details)
		}
	}
	if len(rows) == 1 {
		// Of several, Ent has the database return the IDs that it was given.
		return failed("insert event", rows[0].Exec(ctx))
	}
	return failed("insert events", q.c.Event.CreateBulk(rows...).Exec(ctx))
}

func presentEvent(row *ent.Event) auth.Event {
	return auth.Event{
		ID:        row.ID,
		Type:      auth.EventType(row.Type),
		UserID:    requiredID(row.UserID),
		ActorID:   requiredID(row.ActorID),
		IPAddress: row.IPAddress,
		UserAgent: row.UserAgent,
		Details:   row.Details,
		At:        row.At,
	}
}
