// Package schema describes the tables: their shape, and nothing else. There
// are no hooks, no privacy rules and no defaults for times or IDs: those are
// rules, and rules live in package auth.
package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// User is an account that works.
type User struct{ ent.Schema }

// Fields of a User.
func (User) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).Immutable(),
		field.String("email"),
		field.String("email_key").Unique().Comment("canonical form, by which addresses are compared"),
		field.Bool("email_verified"),
		field.String("username").Optional().Nillable(),
		field.String("username_key").Optional().Nillable().Unique().Comment("canonical form, by which usernames are compared"),
		field.String("name"),
		field.String("phone").Optional().Nillable(),
		field.String("avatar_url").Optional().Nillable(),
		field.String("locale"),
		field.String("status"),
		field.Strings("roles"),
		field.Time("last_login_at").Optional().Nillable(),
		field.Int("failed_sign_ins"),
		field.Int("version").Comment("raised by whatever must overtake a sign-in under way"),
		field.Time("created_at").Immutable(),
		field.Time("updated_at"),
	}
}

// Edges of a User.
func (User) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("credential", Credential.Type).Unique().Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("sessions", Session.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("link_tokens", LinkToken.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("known_networks", KnownNetwork.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Credential is what a user proves itself with: a password's hash.
type Credential struct{ ent.Schema }

// Fields of a Credential.
func (Credential) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).Immutable(),
		field.UUID("user_id", uuid.UUID{}).Unique().Immutable(),
		field.String("password_hash").Sensitive(),
		field.Time("created_at").Immutable(),
		field.Time("updated_at"),
	}
}

// Edges of a Credential.
func (Credential) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("user", User.Type).Ref("credential").Field("user_id").Unique().Required().Immutable(),
	}
}

// Registration is somebody who registered and did not activate yet.
type Registration struct{ ent.Schema }

// Fields of a Registration.
func (Registration) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).Immutable(),
		field.String("email").Immutable(),
		field.String("email_key").Immutable(),
		field.String("network").Immutable().Comment("of the client: /24 of IPv4, /48 of IPv6"),
		field.String("password_hash").Sensitive(),
		field.String("username").Optional().Nillable().Immutable().Comment("a wish: nobody has it before activation"),
		field.String("username_key").Optional().Nillable().Immutable(),
		field.String("name").Immutable(),
		field.String("phone").Optional().Nillable().Immutable(),
		field.String("avatar_url").Optional().Nillable().Immutable(),
		field.String("locale").Immutable(),
		field.Bytes("flow_digest").Unique().Immutable().MaxLen(32),
		field.Bytes("code_digest").Sensitive().MaxLen(32),
		field.Int("tries"),
		field.Bool("void"),
		field.String("ip_address").Immutable(),
		field.String("user_agent").Immutable(),
		field.Time("created_at").Immutable(),
		field.Time("expires_at").Immutable(),
	}
}

// Edges of a Registration.
func (Registration) Edges() []ent.Edge {
	return []ent.Edge{
		// Links outlive their registration for a while, to say that they are over.
		edge.To("link_tokens", LinkToken.Type).Annotations(entsql.OnDelete(entsql.SetNull)),
	}
}

// Indexes of a Registration.
func (Registration) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("email_key", "network", "created_at"),
		index.Fields("expires_at"),
	}
}
