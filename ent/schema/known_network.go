package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// KnownNetwork is a network from which a user has signed in lately.
type KnownNetwork struct{ ent.Schema }

// Fields of a KnownNetwork.
func (KnownNetwork) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).Immutable(),
		field.UUID("user_id", uuid.UUID{}).Immutable(),
		field.Bytes("key").Unique().Immutable().MaxLen(32).Comment("HMAC of account and network"),
		field.Time("expires_at"),
	}
}

// Edges of a KnownNetwork.
func (KnownNetwork) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("user", User.Type).Ref("known_networks").Field("user_id").Unique().Required().Immutable(),
	}
}

// Indexes of a KnownNetwork.
func (KnownNetwork) Indexes() []ent.Index {
	return []ent.Index{index.Fields("user_id"), index.Fields("expires_at")}
}
