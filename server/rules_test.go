package server

import (
	"reflect"
	"testing"
	"time"

	"gatehouse/auth"
	"gatehouse/config"
	"gatehouse/graph"
)

// numbered fills every figure of the struct with one of its own, so that none
// can be taken for another.
func numbered(t *testing.T, into any) {
	t.Helper()
	v := reflect.ValueOf(into).Elem()
	for i := range v.NumField() {
		n := int64(i + 1)
		switch f := v.Field(i); p := f.Addr().Interface().(type) {
		case *[]config.Rate:
			*p = []config.Rate{{N: i + 1, Per: time.Duration(n) * time.Hour}, {N: i + 2, Per: time.Duration(n) * 24 * time.Hour}}
		case *config.Rate:
			*p = config.Rate{N: i + 1, Per: time.Duration(n) * time.Minute}
		case *int, *time.Duration, *config.Size:
			f.SetInt(n)
		case *bool:
			*p = true
		case *string:
			*p = v.Type().Field(i).Name
		}
	}
}

// TestEachSettingReachesTheRuleOfItsName: two limits of one type that are mixed up
// are a limit too many and one too few, and every test that makes its own limits
// passes.
func TestEachSettingReachesTheRuleOfItsName(t *testing.T) {
	t.Parallel()
	var cfg config.Config
	numbered(t, &cfg)
	from := reflect.ValueOf(cfg)
	same := func(where string, got any, source string) {
		t.Helper()
		f := from.FieldByName(source)
		if !f.IsValid() {
			t.Errorf("%s: there is no setting %s", where, source)
			return
		}
		want := f.Interface()
		switch w := want.(type) {
		case []config.Rate:
			want = rates(w)
		case config.Rate:
			want = auth.Rate(w)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, and %s is %v", where, got, source, want)
		}
	}

	limits := reflect.ValueOf(ruleLimits(cfg))
	for i := range limits.NumField() {
		switch name := limits.Type().Field(i).Name; name {
		case "Off":
			same(name, !limits.Field(i).Bool(), "RateLimits")
		case "SignIn":
			backoff := limits.Field(i).Interface().(auth.Backoff)
			same(name+".Free", backoff.Free, "LimitSignInFree")
			same(name+".Longest", backoff.Longest, "LimitSignInLongestWait")
		default:
			same(name, limits.Field(i).Interface(), "Limit"+name)
		}
	}
	settings := reflect.ValueOf(ruleSettings(cfg))
	for i := range settings.NumField() {
		switch name := settings.Type().Field(i).Name; name {
		case "WatchesPerSession":
			same(name, settings.Field(i).Interface(), "StreamsPerSession")
		case "WithoutActivation":
			same(name, !settings.Field(i).Bool(), "Activation")
		case "RequiredProfileFields": // a list of words, which stories ask for
		default:
			same(name, settings.Field(i).Interface(), name)
		}
	}
	document := documentLimits(cfg)
	same("BodyBytes", config.Size(document.BodyBytes), "DocumentMaxBytes")
	same("Depth", document.Depth, "DocumentMaxDepth")
	same("Fields", document.Fields, "DocumentMaxFields")
	same("Aliases", document.Aliases, "DocumentMaxAliases")
	streams := streamOptions(cfg, Timeouts{})
	same("Most", streams.Most, "Streams")
	same("PerAddress", streams.PerAddress, "StreamsPerAddress")
	if !ruleLimits(config.Config{}).Off {
		t.Error("limits that are off are on")
	}
}

// TestWhatNobodySetsIsWhatThePackagesHave by default: their own tests and the
// benchmarks go by that, and would be about another server.
func TestWhatNobodySetsIsWhatThePackagesHave(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := documentLimits(cfg), graph.DefaultLimits(); got != want {
		t.Errorf("documents are held to %+v, and not to %+v", got, want)
	}
	p := auth.DefaultHashParameters()
	if int(cfg.HashingMemory>>10) != int(p.MemoryKiB) || cfg.HashingPasses != int(p.Passes) || cfg.HashingLanes != int(p.Lanes) {
		t.Errorf("a hash costs %v, %d passes and %d lanes, and not %+v", cfg.HashingMemory, cfg.HashingPasses, cfg.HashingLanes, p)
	}
	if got, want := auth.Algorithm(cfg.SigningAlgorithm), auth.Algorithms()[0]; got != want {
		t.Errorf("keys are for %s, and not for %s", got, want)
	}
}
