package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// command is one of PostgreSQL's programs, under the unprivileged user, in a
// process group of its own and with an environment that no setting of the
// machine leaks into.
func (c *Cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.binaries, name), args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"LC_ALL=C", "PATH=" + c.binaries + ":/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.as, Setpgid: true}
	return cmd
}

// unprivileged is whom to run as: nil, which is oneself, unless one is root.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	var errs []error
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		uid, err1 := strconv.ParseUint(found.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(found.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("storetest: find an unprivileged user: %w", errors.Join(errs...))
}

var errNoPostgres = errors.New("storetest: PostgreSQL's initdb and postgres are missing: apt-get install postgresql")

// findPostgres is the directory of the server's programs: on the PATH, where
// pg_config says, or where Debian puts them, the newest there.
func findPostgres() (string, error) {
	var candidates []string
	for _, name := range []string{"initdb", "postgres"} {
		if found, err := exec.LookPath(name); err == nil {
			if found, err = filepath.EvalSymlinks(found); err == nil {
				candidates = append(candidates, filepath.Dir(found))
			}
		}
	}
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		candidates = append(candidates, strings.TrimSpace(string(out)))
	}
	debian, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	slices.SortFunc(debian, func(a, b string) int { return cmp.Compare(version(b), version(a)) })
	return firstComplete(append(candidates, debian...))
}

// version is the number in ".../postgresql/15/bin".
func version(path string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
	if err != nil {
		return 0
	}
	return n
}

// firstComplete is the first directory with both programs in it.
func firstComplete(dirs []string) (string, error) {
	for _, dir := range dirs {
		if executable(dir, "initdb") && executable(dir, "postgres") {
			return dir, nil
		}
	}
	return "", errNoPostgres
}

func executable(dir, name string) bool {
	found, err := os.Stat(filepath.Join(dir, name))
	return err == nil && dir != "" && found.Mode().IsRegular() && found.Mode().Perm()&fs.FileMode(0o111) != 0
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
