# What to type. `make run` needs nothing but Go and gcc, `make test` Node besides;
# what else is missing they install.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: first-five-minutes screenshots help run build static generate migration verify lint test fuzz check race mutate faults bench growth soak clean postgresql chromium browser audits subscriptions

help: ## explain these targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 27

run: build ## run the server on http://localhost:8080, with an SQLite file
	@exec bin/gatehouse serve

build: ## build bin/gatehouse
	go build -trimpath -o bin/gatehouse ./cmd/gatehouse

# Names are looked up by Go, and nothing is loaded at run time, so that an image
# needs no library beside it.
static: ## build bin/gatehouse as a container image has it, with nothing to link at run time
	CGO_ENABLED=1 go build -trimpath -tags netgo,osusergo,sqlite_omit_load_extension \
		-ldflags '-s -w -linkmode external -extldflags -static' -o bin/gatehouse ./cmd/gatehouse

# Ent comes first: the others compile what it makes.
generate: ## make again what is made from the schemas and the settings
	go generate ./ent
	go generate ./graph
	scripts/playground
	scripts/account
	scripts/readme

migration: postgresql ## write the migration for a change of ent/schema: make migration NAME=what_changes
	go run ./store/internal/makemigrations -version "$$(date -u +%Y%m%d%H%M%S)" -name "$(NAME)"

verify: postgresql ## is what is generated, formatted and migrated up to date?
	scripts/verify

lint: ## golangci-lint, at its pinned version
	scripts/lint

test: postgresql chromium browser audits subscriptions ## everything that is tested, on SQLite and on PostgreSQL
	go test -timeout 30m ./...
	scripts/fuzz 10s 'Verify|Addresses|Envelope|Document|Links|Redirects|Cookies'

FUZZTIME ?= 5m

fuzz: ## fuzz every target for five minutes, or FUZZTIME
	scripts/fuzz $(FUZZTIME)

# What drives a browser, or anything else from npm, is behind a build constraint.
check: postgresql ## build, vet and test while working, all but what needs a browser or npm; what has not changed is not tested again
	go build ./...
	go vet ./...
	go test -timeout 15m -tags nobrowser ./...

race: postgresql chromium browser audits subscriptions ## all tests under the race detector
	go test -race -timeout 60m ./...

SEED ?= 0

# Most of the time somebody waits to come back, so more run at once than there are cores.
faults: postgresql ## bring every fault upon the server that operation brings, in three to twelve minutes; SEED=N repeats a run
	go test -tags nobrowser -count 1 -v -parallel 6 -timeout 30m -run '^TestFaults$$' ./e2e -long -seed $(SEED)

mutate: ## break the lines that carry security, one at a time, and see that a test fails: half an hour
	scripts/mutate

first-five-minutes: ## rehearse them: clone, run, playground, mailbox, signed in; takes the time of each step
	@scripts/first-five-minutes

screenshots: ## take pictures of the pages for users, and write docs/pages.md
	@scripts/screenshots

bench: postgresql ## measure time, cost, memory and overload in ten minutes, for docs/performance.md
	go test -run '^$$' -bench Figures -benchtime 1x -timeout 30m ./bench -record ../docs/performance.md

SOAK ?= 20m

soak: postgresql ## use a server on each database for 20 minutes, or SOAK, and see that it holds no more for it
	go test -tags nobrowser -run TestAServerThatIsUsedForLong -timeout 24h -v ./e2e -soak $(SOAK)

growth: postgresql ## compare 1,000,000 users with 10,000, and remove 1,000,000 expired rows meanwhile, in some minutes
	go test -run '^$$' -bench 'Growth|Pruning' -benchtime 1x -timeout 60m ./bench

clean: ## remove what was built, but no database
	rm -rf bin .tools

postgresql:
	@scripts/postgresql

chromium:
	@scripts/chromium

browser:
	@scripts/npm e2e/browser

audits:
	@scripts/npm e2e/audits

subscriptions:
	@scripts/npm e2e/subscriptions
