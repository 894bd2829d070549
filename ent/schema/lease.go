package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"
)

// Lease is a piece of work that one process at a time does, now and then.
type Lease struct{ ent.Schema }

// Fields of a Lease.
func (Lease) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").Immutable().Comment("what the work is called"),
		field.UUID("holder", uuid.UUID{}).Comment("the process that took it last"),
		field.Time("expires_at").Comment("when it may be taken anew"),
	}
}
