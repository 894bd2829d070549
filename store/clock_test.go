package store

import (
	"testing"
	"time"
)

func TestTheDatabasesClockIsComparedWithTheMiddle(t *testing.T) {
	t.Parallel()
	s := opened(t, postgresURL(t), Options{})
	for name, c := range map[string]struct{ before, after, want time.Duration }{
		"the same":         {0, 0, 0},
		"an hour behind":   {-time.Hour, -time.Hour, time.Hour},
		"an hour ahead":    {time.Hour, time.Hour, -time.Hour},
		"a slow roundtrip": {0, time.Hour, -30 * time.Minute},
	} {
		asked := 0
		got, err := s.ClockDifference(t.Context(), func() time.Time {
			asked++
			if asked == 1 {
				return time.Now().Add(c.before)
			}
			return time.Now().Add(c.after)
		})
		if err != nil {
			t.Fatal(err)
		}
		if asked != 2 || (got-c.want).Abs() > 5*time.Second {
			t.Errorf("%s: %v, want about %v", name, got, c.want)
		}
	}
}

func TestSQLiteHasNoClockOfItsOwn(t *testing.T) {
	t.Parallel()
	s := opened(t, sqliteURL(t), Options{})
	got, err := s.ClockDifference(t.Context(), func() time.Time { return time.Now().Add(time.Hour) })
	if got != 0 || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}

func TestADatabaseThatIsGoneHasNoClock(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), postgresURL(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ClockDifference(t.Context(), time.Now); err == nil {
		t.Error("it answered")
	}
}
