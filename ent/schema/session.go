package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// Session is one sign-in and the refreshes that follow it.
type Session struct{ ent.Schema }

// Fields of a Session.
func (Session) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).Immutable(),
		field.UUID("user_id", uuid.UUID{}).Immutable(),
		field.Int("generation"),
		field.Time("rotated_at"),
		field.Bytes("rotated_by").MaxLen(32).Comment("digest of the user agent that rotated last"),
		field.Bytes("rotation_key").Optional().Nillable().MaxLen(32).Comment("digest of the idempotency key of the last rotation"),
		field.Strings("methods").Immutable(),
		field.Time("authenticated_at"),
		field.Time("access_expires_at"),
		field.Time("expires_at"),
		field.Time("ends_at").Immutable(),
		field.Time("ended_at").Optional().Nillable(),
		field.String("end_reason").Optional().Nillable(),
		field.String("device_name").Immutable(),
		field.String("user_agent").Immutable(),
		field.String("ip_address").Immutable(),
		field.Time("created_at").Immutable(),
	}
}

// Edges of a Session.
func (Session) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("user", User.Type).Ref("sessions").Field("user_id").Unique().Required().Immutable(),
	}
}

// Indexes of a Session.
func (Session) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("user_id", "rotated_at").Annotations(entsql.IndexWhere("ended_at IS NULL")),
		index.Fields("user_id"),
		index.Fields("expires_at"),
	}
}

// BlacklistedToken ends access tokens before their time. It has no foreign
// key: deleting a user or a session must not revive tokens.
type BlacklistedToken struct{ ent.Schema }

// Fields of a BlacklistedToken.
func (BlacklistedToken) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).Immutable(),
		field.String("kind").Immutable(),
		field.UUID("subject_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.Time("issued_before").Optional().Nillable().Immutable(),
		field.Time("created_at").Immutable(),
		field.Time("expires_at").Immutable(),
	}
}

// Indexes of a BlacklistedToken.
func (BlacklistedToken) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("created_at"),
		index.Fields("expires_at"),
		index.Fields("subject_id"),
	}
}

// SigningKey is one key of the key set; its private half is sealed.
type SigningKey struct{ ent.Schema }

// Fields of a SigningKey.
func (SigningKey) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").Immutable().Comment("RFC 7638 thumbprint"),
		field.Int("sequence").Unique().Immutable(),
		field.String("algorithm").Immutable(),
		field.Bytes("public_jwk").Immutable(),
		field.Bytes("sealed").Sensitive(),
		field.Time("created_at").Immutable(),
		field.Time("signs_from").Immutable(),
		field.Time("retires_at").Optional().Nillable(),
		field.Time("dropped_at").Optional().Nillable(),
	}
}
