package bench

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	stdsql "database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"golang.org/x/crypto/argon2"

	"gatehouse/auth"
	"gatehouse/config"
	"gatehouse/server"
)

// The roles of this test binary.
const (
	roleMe        = "me"         // verify an access token, answer fixed bytes
	roleMeReading = "me-reading" // and read the user as well
	roleRefresh   = "refresh"    // run two statements, sign two tokens
	roleHash      = "hash"       // argon2id
	roleSilent    = "silent"     // Gatehouse, but no letter is dispatched
)

// What a role is told by its environment.
const (
	bareKeys       = "BENCH_KEYS"       // a JWK set
	bareAnswer     = "BENCH_ANSWER"     // what me answers
	bareDatabase   = "BENCH_DATABASE"   // its URL
	bareStatements = "BENCH_STATEMENTS" // what Gatehouse sends for the same, as JSON
)

// play serves in a role until the process is killed.
func play(role string) error {
	handler, err := handlerOf(role)
	if err != nil {
		return fmt.Errorf("%s: %w", role, err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(role, "listens on", listener.Addr())
	return http.Serve(listener, handler)
}

func handlerOf(role string) (http.Handler, error) {
	switch role {
	case roleMe:
		return bareMe(nil)
	case roleMeReading:
		db, err := openBare()
		if err != nil {
			return nil, err
		}
		return bareMe(db)
	case roleRefresh:
		return newBareRefresh()
	case roleHash:
		return http.HandlerFunc(bareHash), nil
	case roleSilent:
		return silent()
	}
	return nil, fmt.Errorf("there is no such role")
}

// bareMe answers whoever brings a good token, and no more than that.
func bareMe(db *database) (http.Handler, error) {
	keys, err := publicKeys()
	if err != nil {
		return nil, err
	}
	answer := []byte(os.Getenv(bareAnswer))
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer("http://localhost:8080"),
		jwt.WithAudience("http://localhost:8080"), jwt.WithExpirationRequired())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			http.Error(w, "body", http.StatusBadRequest)
			return
		}
		var claims jwt.RegisteredClaims
		_, err := parser.ParseWithClaims(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), &claims,
			func(t *jwt.Token) (any, error) { return keys[t.Header["kid"].(string)], nil })
		if err != nil {
			http.Error(w, "token", http.StatusUnauthorized)
			return
		}
		if db != nil {
			if _, err := db.row(db.statements[0], claims.Subject); err != nil {
				http.Error(w, "user", http.StatusInternalServerError)
				return
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	}), nil
}

// publicKeys reads a JWK set.
func publicKeys() (map[string]*ecdsa.PublicKey, error) {
	var set struct {
		Keys []struct{ Kid, X, Y string }
	}
	if err := json.Unmarshal([]byte(os.Getenv(bareKeys)), &set); err != nil {
		return nil, err
	}
	keys := map[string]*ecdsa.PublicKey{}
	for _, k := range set.Keys {
		x, errX := base64.RawURLEncoding.DecodeString(k.X)
		y, errY := base64.RawURLEncoding.DecodeString(k.Y)
		if errX != nil || errY != nil {
			return nil, fmt.Errorf("key %s has no point", k.Kid)
		}
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
		if err != nil {
			return nil, err
		}
		keys[k.Kid] = key
	}
	return keys, nil
}

// A database is what database/sql gives, opened as Gatehouse does.
type database struct {
	write, read *stdsql.DB
	statements  []string
}

func openBare() (*database, error) {
	db := &database{}
	if err := json.Unmarshal([]byte(os.Getenv(bareStatements)), &db.statements); err != nil {
		return nil, err
	}
	address := os.Getenv(bareDatabase)
	path, lite := strings.CutPrefix(address, "sqlite:")
	if !lite {
		cfg, err := pgx.ParseConfig(address)
		if err != nil {
			return nil, err
		}
		db.write = stdlib.OpenDB(*cfg)
		db.write.SetMaxOpenConns(16)
		db.write.SetMaxIdleConns(16)
		db.read = db.write
		return db, db.write.Ping()
	}
	open := func(conns int) (*stdsql.DB, error) {
		settings := url.Values{
			"_busy_timeout": {"10000"}, "_journal_mode": {"WAL"}, "_synchronous": {"FULL"},
			"_foreign_keys": {"on"}, "_txlock": {"immediate"}, "_stmt_cache_size": {"128"},
		}
		handle, err := stdsql.Open("sqlite3", "file:"+path+"?"+settings.Encode())
		if err == nil {
			handle.SetMaxOpenConns(conns)
			handle.SetMaxIdleConns(conns)
		}
		return handle, err
	}
	var err error
	if db.write, err = open(1); err != nil {
		return nil, err
	}
	db.read, err = open(4)
	return db, err
}

// row sends a statement that answers one row.
func (db *database) row(statement string, args ...any) ([]any, error) {
	pool := db.write
	if strings.HasPrefix(statement, "SELECT") {
		pool = db.read
	}
	rows, err := pool.QueryContext(context.Background(), statement, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	found := false
	for rows.Next() {
		found = true
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
	}
	if err := rows.Err(); err != nil || found {
		return values, err
	}
	return nil, stdsql.ErrNoRows
}

// A turn is what the bare refresh is asked for: which session, and which of its
// generations, believed as it comes.
type turn struct {
	Session    uuid.UUID `json:"session"`
	Generation int       `json:"generation"`
}

// newBareRefresh rotates a session, reads its user, and signs both tokens.
func newBareRefresh() (http.Handler, error) {
	db, err := openBare()
	if err != nil {
		return nil, err
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked turn
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			http.Error(w, "body", http.StatusBadRequest)
			return
		}
		answer, err := bareRefresh(db, private, secret, asked, r.UserAgent())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	}), nil
}

func bareRefresh(db *database, private *ecdsa.PrivateKey, secret []byte, asked turn, userAgent string) ([]byte, error) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	agent := sha256.Sum256([]byte(userAgent))
	session, err := db.row(db.statements[0], now, agent[:], nil, now.Add(10*time.Minute), now.Add(14*24*time.Hour),
		asked.Session, asked.Generation, now)
	if err != nil {
		return nil, err
	}
	user := session[1]
	if raw, ok := user.([]byte); ok {
		user = string(raw)
	}
	if _, err := db.row(db.statements[1], user); err != nil {
		return nil, err
	}
	access := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"iss": "http://localhost:8080", "sub": fmt.Sprint(user), "aud": "http://localhost:8080", "client_id": "http://localhost:8080",
		"exp": now.Add(10 * time.Minute).Unix(), "iat": now.Unix(), "jti": uuid.Must(uuid.NewV7()).String(),
		"sid": asked.Session.String(), "auth_time": now.Unix(), "amr": []string{"pwd"}, "roles": []string{},
	})
	access.Header["typ"], access.Header["kid"] = "at+jwt", "bMOMCV1iA9d1cbwQjcQ-KSjTKtdgSkhtOmFbuG4p8OQ"
	accessToken, err := access.SignedString(private)
	if err != nil {
		return nil, err
	}
	refresh := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sid": asked.Session.String(), "gen": asked.Generation + 1, "exp": now.Add(14 * 24 * time.Hour).Unix(),
	})
	refresh.Header["typ"], refresh.Header["kid"] = "rt+jwt", "1f0c"
	refreshToken, err := refresh.SignedString(secret)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]string{"accessToken": accessToken, "refreshToken": refreshToken})
}

// bareHash makes one hash, as Gatehouse does in earnest.
func bareHash(w http.ResponseWriter, _ *http.Request) {
	p := auth.DefaultHashParameters()
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	_, _ = w.Write(argon2.IDKey([]byte(password), salt, p.Passes, p.MemoryKiB, p.Lanes, 32))
}

// silent is Gatehouse of which only the blacklist is heard beside the requests.
func silent() (http.Handler, error) {
	cfg, err := config.Load(os.Environ())
	if err != nil {
		return nil, err
	}
	s, err := server.New(context.Background(), cfg, server.Deps{
		Clock: time.Now, Random: rand.Reader, Out: io.Discard, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		return nil, err
	}
	go func() {
		for range time.Tick(time.Second) {
			if err := s.Auth().PollBlacklist(context.Background()); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
	}()
	return s.Handler(), nil
}
