// Package deploy_test holds the examples of this folder to the program: no
// container engine is needed for what they say about it.
package deploy_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/goccy/go-yaml"

	"gatehouse/config"
	"gatehouse/server"
)

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// files are all examples.
func files(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("*/*")
	if err != nil {
		t.Fatal(err)
	}
	all = slices.DeleteFunc(append(all, more...), func(name string) bool {
		about, err := os.Stat(name)
		return err != nil || about.IsDir() || strings.HasSuffix(name, ".go")
	})
	if len(all) < 7 {
		t.Fatalf("only %v", all)
	}
	return all
}

func TestTheExamplesNameNoSettingThatThereIsNot(t *testing.T) {
	t.Parallel()
	known := map[string]bool{
		"GATEHOUSE_HOST": true, // Compose's own, for the proxy
	}
	for _, s := range config.Settings() {
		known[s.Name] = true
		known[s.Name+"_FILE"] = s.Secret
	}
	for _, name := range files(t) {
		for _, variable := range regexp.MustCompile(`GATEHOUSE_[A-Z_]*[A-Z]`).FindAllString(read(t, name), -1) {
			if !known[variable] {
				t.Errorf("%s: there is no setting %s", name, variable)
			}
		}
	}
}

// What an operator sets apart. Each example says how.
func secrets(t *testing.T, environment map[string]string) {
	t.Helper()
	for name, value := range map[string]string{
		"GATEHOUSE_SECRET":       "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
		"GATEHOUSE_DATABASE_URL": "postgres://gatehouse:password@database/gatehouse?sslmode=disable",
		"GATEHOUSE_MAIL_URL":     "smtp://gatehouse:password@mail.example.com:587",
	} {
		if _, named := environment[name+"_FILE"]; named {
			path := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(path, []byte(value+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			environment[name+"_FILE"] = path
		} else if _, there := environment[name]; !there {
			environment[name] = value
		}
	}
}

// composed is what compose.yaml gives a node.
func composed(t *testing.T) (node map[string]any, environment map[string]string) {
	t.Helper()
	var file struct{ Services map[string]map[string]any }
	if err := yaml.Unmarshal([]byte(read(t, "compose.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	node = file.Services["node-a"]
	if node == nil || file.Services["node-b"] == nil {
		t.Fatalf("services: %v", slices.Collect(maps.Keys(file.Services)))
	}
	environment = map[string]string{"GATEHOUSE_LISTEN": imageListens(t)}
	set, _ := node["environment"].(map[string]any)
	for name, value := range set {
		environment[name], _ = value.(string)
	}
	interpolated := map[string]string{"GATEHOUSE_HOST": "auth.example.com", "GATEHOUSE_MAIL_FROM": "no-reply@example.com"}
	for name, value := range environment {
		environment[name] = regexp.MustCompile(`\$\{(\w+):\?[^}]*\}`).ReplaceAllStringFunc(value, func(reference string) string {
			variable, _, _ := strings.Cut(strings.TrimPrefix(reference, "${"), ":")
			return interpolated[variable]
		})
	}
	return node, environment
}

// imageListens is the address that the image sets.
func imageListens(t *testing.T) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^ENV GATEHOUSE_LISTEN=(\S+)$`).FindStringSubmatch(read(t, "Dockerfile"))
	if m == nil {
		t.Fatal("the image does not say where it listens")
	}
	return m[1]
}

// documents are the Kubernetes objects, by kind.
func documents(t *testing.T) map[string]map[string]any {
	t.Helper()
	objects := map[string]map[string]any{}
	decoder := yaml.NewDecoder(strings.NewReader(read(t, "kubernetes/gatehouse.yaml")))
	for {
		var object map[string]any
		if err := decoder.Decode(&object); err != nil {
			break
		}
		kind, _ := object["kind"].(string)
		objects[kind] = object
	}
	for _, kind := range []string{"ConfigMap", "Deployment", "Service", "PodDisruptionBudget"} {
		if objects[kind] == nil {
			t.Fatalf("there is no %s", kind)
		}
	}
	return objects
}

func flown(t *testing.T) (file struct {
	KillTimeout string            `toml:"kill_timeout"`
	Env         map[string]string `toml:"env"`
	Build       struct{ Dockerfile string }
	Service     struct {
		Port   int                     `toml:"internal_port"`
		Checks []struct{ Path string } `toml:"checks"`
	} `toml:"http_service"`
}) {
	t.Helper()
	if _, err := toml.Decode(read(t, "fly.toml"), &file); err != nil {
		t.Fatal(err)
	}
	return file
}

// united is what the unit of systemd sets.
func united(t *testing.T) map[string]string {
	t.Helper()
	environment := map[string]string{ // as the comment has the file
		"GATEHOUSE_PUBLIC_URL": "https://auth.example.com", "GATEHOUSE_MAIL_FROM": "no-reply@example.com", "GATEHOUSE_TRUSTED_PROXIES": "127.0.0.1",
	}
	for _, m := range regexp.MustCompile(`(?m)^Environment=(\w+)=(.*)$`).FindAllStringSubmatch(read(t, "gatehouse.service"), -1) {
		environment[m[1]] = m[2]
	}
	return environment
}

func TestTheSettingsOfEveryExampleStartTheServer(t *testing.T) {
	t.Parallel()
	_, compose := composed(t)
	kubernetes := map[string]string{}
	data, _ := documents(t)["ConfigMap"]["data"].(map[string]any)
	for name, value := range data {
		kubernetes[name], _ = value.(string)
	}
	for name, environment := range map[string]map[string]string{
		"compose.yaml": compose, "kubernetes": kubernetes, "fly.toml": flown(t).Env, "gatehouse.service": united(t),
	} {
		secrets(t, environment)
		var environ []string
		for variable, value := range environment {
			// The directory that systemd makes for the unit.
			environ = append(environ, variable+"="+strings.ReplaceAll(value, "/var/lib/gatehouse", t.TempDir()))
		}
		cfg, err := config.Load(environ)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if cfg.Loopback() || !cfg.Secure() || len(cfg.TrustedProxies) == 0 {
			t.Errorf("%s is not for the world: %v, %s", name, cfg.Listen, cfg.PublicURL)
		}
	}
}

// at walks into what was decoded.
func at(t *testing.T, value any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := value.(map[string]any)
			value = object[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				t.Fatalf("%v: too short", path)
			}
			value = list[step]
		}
	}
	return value
}

func TestTheExamplesAskForHealthWhereItIsAnswered(t *testing.T) {
	t.Parallel()
	container := at(t, documents(t)["Deployment"], "spec", "template", "spec", "containers", 0)
	for probe, want := range map[string]string{"livenessProbe": "/healthz", "readinessProbe": "/readyz", "startupProbe": "/healthz"} {
		if got := at(t, container, probe, "httpGet", "path"); got != want {
			t.Errorf("%s asks for %v", probe, got)
		}
	}
	if got := at(t, container, "ports", 0, "containerPort"); got != uint64(8080) {
		t.Errorf("the pod's port is %v", got)
	}
	fly := flown(t)
	if fly.Service.Port != 8080 || len(fly.Service.Checks) != 1 || fly.Service.Checks[0].Path != "/readyz" || fly.Build.Dockerfile != "Dockerfile" {
		t.Errorf("fly.toml: %+v", fly)
	}
	image := read(t, "Dockerfile")
	for _, want := range []string{`CMD ["/gatehouse", "ready"]`, "USER 65532:65532", "EXPOSE 8080", `ENTRYPOINT ["/gatehouse"]`, "RUN make static"} {
		if !strings.Contains(image, want) {
			t.Errorf("the image lacks %s", want)
		}
	}
	if !strings.HasSuffix(imageListens(t), ":8080") {
		t.Errorf("the image listens on %s", imageListens(t))
	}
	if proxy := read(t, "Caddyfile"); !strings.Contains(proxy, "node-a:8080 node-b:8080") || !strings.Contains(proxy, "health_uri /readyz") {
		t.Error("the proxy does not ask the nodes")
	}
}

// TestWhatIsInFlightMayFinish holds every example to the time that the server
// takes to drain: killed before, requests in flight would fail.
func TestWhatIsInFlightMayFinish(t *testing.T) {
	t.Parallel()
	node, _ := composed(t)
	grace, _ := node["stop_grace_period"].(string)
	unit := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindStringSubmatch(read(t, "gatehouse.service"))
	if unit == nil {
		t.Fatal("the unit has no TimeoutStopSec")
	}
	pod, _ := at(t, documents(t)["Deployment"], "spec", "template", "spec", "terminationGracePeriodSeconds").(uint64)
	for name, given := range map[string]string{
		"compose.yaml": grace, "fly.toml": flown(t).KillTimeout, "gatehouse.service": unit[1] + "s", "kubernetes": (time.Duration(pod) * time.Second).String(),
	} {
		d, err := time.ParseDuration(given)
		if err != nil || d < server.DefaultTimeouts().Drain+10*time.Second {
			t.Errorf("%s gives %q, and draining may take %v", name, given, server.DefaultTimeouts().Drain)
		}
	}
}

func TestNoExampleHoldsASecret(t *testing.T) {
	t.Parallel()
	for _, name := range files(t) {
		// 32 bytes in base64, or a password in an URL that is not a placeholder.
		if found := regexp.MustCompile(`[A-Za-z0-9+/]{43}=|://\w+:[a-z0-9]\w*@`).FindString(read(t, name)); found != "" {
			t.Errorf("%s holds %s", name, found)
		}
		if bytes.ContainsRune([]byte(read(t, name)), '\t') && !strings.HasSuffix(name, "Caddyfile") {
			t.Errorf("%s holds a tab", name)
		}
	}
}
