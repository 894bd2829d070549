package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// LinkToken is the secret behind a link, known by its digest.
type LinkToken struct{ ent.Schema }

// Fields of a LinkToken.
func (LinkToken) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).Immutable(),
		field.Bytes("digest").Unique().Immutable().MaxLen(32),
		field.String("purpose").Immutable(),
		field.String("email_key").Immutable(),
		field.UUID("user_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.UUID("registration_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.String("email").Optional().Nillable().Immutable().Comment("of a change of address: the one to be, as it was written"),
		field.UUID("session_id", uuid.UUID{}).Optional().Nillable().Immutable().Comment("of a change of address: which session asked"),
		field.Int("user_version").Optional().Immutable().Comment("of a change of address: the user's, when it was made"),
		field.Time("created_at").Immutable(),
		field.Time("expires_at").Immutable(),
		field.Time("used_at").Optional().Nillable(),
		field.Time("voided_at").Optional().Nillable(),
	}
}

// Edges of a LinkToken.
func (LinkToken) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("user", User.Type).Ref("link_tokens").Field("user_id").Unique().Immutable(),
		edge.From("registration", Registration.Type).Ref("link_tokens").Field("registration_id").Unique().Immutable(),
	}
}

// Indexes of a LinkToken.
func (LinkToken) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("email_key"),
		index.Fields("user_id"),
		index.Fields("registration_id"),
		index.Fields("expires_at"),
	}
}

// OutboxLetter is a letter on its way, sealed until it is sent.
type OutboxLetter struct{ ent.Schema }

// Fields of an OutboxLetter.
func (OutboxLetter) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).Immutable(),
		field.String("kind").Immutable(),
		field.Bytes("recipient").Optional().Nillable().MaxLen(32).Comment("HMAC of the address that it goes to, canonical"),
		field.Bytes("sealed").Optional().Nillable().Sensitive().Comment("wiped once sent or dead"),
		field.Bool("void").Immutable(),
		field.Int("attempts").Comment("counts claims too, so that it tells one lease from the next"),
		field.Time("next_attempt_at"),
		field.Time("created_at").Immutable(),
		field.Time("expires_at").Optional().Nillable().Immutable(),
		field.Time("sent_at").Optional().Nillable(),
		field.Time("dead_at").Optional().Nillable(),
		field.String("last_error").Comment("of the wire; never an address or a token"),
	}
}

// Indexes of an OutboxLetter.
func (OutboxLetter) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("dead_at").Annotations(entsql.IndexWhere("dead_at IS NOT NULL")),
		index.Fields("next_attempt_at").Annotations(entsql.IndexWhere("sent_at IS NULL AND dead_at IS NULL AND NOT void")),
		index.Fields("recipient"),
		index.Fields("created_at"),
	}
}

// AttemptCounter counts attempts by one key.
type AttemptCounter struct{ ent.Schema }

// Fields of an AttemptCounter.
func (AttemptCounter) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").Immutable().Comment("HMAC of what is counted"),
		field.Int64("count").Comment("failures, of a backoff"),
		field.Int64("tat").Comment("the instant that GCRA calls the theoretical arrival time, or that a backoff waits for; microseconds since 1970"),
		field.Int64("emission").Comment("microseconds after which a rate gives one back; 0 for a backoff"),
		field.Int64("burst").Comment("how many at once; of a backoff, how many are free"),
		field.Time("expires_at"),
	}
}

// Indexes of an AttemptCounter.
func (AttemptCounter) Indexes() []ent.Index {
	return []ent.Index{index.Fields("expires_at")}
}

// Event is one fact of the audit log. It has no foreign key: it outlives the
// account that it is about.
type Event struct{ ent.Schema }

// Fields of an Event.
func (Event) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).Immutable(),
		field.String("type").Immutable(),
		field.UUID("user_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.UUID("actor_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.String("ip_address").Immutable(),
		field.String("user_agent").Immutable(),
		field.JSON("details", map[string]any{}).Optional().Immutable(),
		field.Time("at").Immutable(),
	}
}

// Indexes of an Event.
func (Event) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("user_id", "at"),
		index.Fields("at"),
	}
}
