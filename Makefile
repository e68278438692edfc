# Every target works on a fresh clone with Go and a C compiler (for the race detector);
# integration fetches what else it needs.
SHELL := /bin/bash
CORPUS ?= ../shared/corpus
FUZZTIME ?= 30s
BENCHTIME ?= 1s
ARGS ?=

.PHONY: help demo build test check generate bench soak-replay soak-imap fuzz score integration integration-kafka bench-kafka

help: ## show this
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "%-18s %s\n", $$1, $$2}' Makefile

demo: ## the whole path in one process: IMAP, bouncepipe, Kafka (ARGS=-keep leaves the servers running)
	@go run ./cmd/demo $(ARGS)

build: ## bin/bouncepipe
	go build -trimpath -o bin/bouncepipe ./cmd/bouncepipe

test: ## all tests, with the race detector
	go test -race -shuffle=on ./...

check: ## form, vet, staticcheck, generated files, rules
	@out=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "not gofmt-clean:"; echo "$$out"; exit 1; }
	go vet ./...
	go vet -tags integration,cluster,soak ./...
	go tool staticcheck ./...
	@before=$$(git status --porcelain | sort); go generate ./... && after=$$(git status --porcelain | sort); \
	[ "$$before" == "$$after" ] || { echo "generated files are out of date; run make generate and commit:"; diff <(echo "$$before") <(echo "$$after"); exit 1; }
	go run ./cmd/bouncepipe rules

generate: ## documents and tables that are made from data
	go generate ./...

bench: ## benchmarks (BENCHTIME=1s); docs/benchmarks.md says how to measure more
	go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...

fuzz: ## each fuzz target for FUZZTIME=30s
	@for p in $$(go list ./...); do \
	  for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	    echo "$$p $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$p || exit 1; \
	  done; \
	done

score: ## replay the corpus of real bounces, where it exists, and compare with the known answers
	@if [ ! -e $(CORPUS)/truth.jsonl ]; then echo "score: skipped, there is no corpus at $(CORPUS) (CORPUS=DIR names another)"; exit 0; fi; \
	mkdir -p .cache && go build -o .cache/bouncepipe ./cmd/bouncepipe && \
	.cache/bouncepipe replay -q $(sort $(wildcard $(CORPUS)/*/)) > .cache/score.ndjson && \
	$(CORPUS)/score .cache/score.ndjson $(CORPUS)/truth.jsonl $(ARGS)

soak-replay: ## a replay of 100 MB into files and Kafka is killed 200 times; minutes (ARGS='-kills 1000')
	go test -run TestReplayKilled -count=1 -v -timeout 60m ./cmd/bouncepipe -kills 200 -megabytes 100 $(ARGS)

integration: ## real servers: Dovecot, Postfix, Exim, Apache Kafka; started and stopped by the tests
	internal/integration/setup.sh
	go test -tags integration -count=1 -timeout 15m ./internal/integration/... $(ARGS)

integration-kafka: ## three brokers killed while 100,000 events flow, bouncepipe killed 60 times; minutes (ARGS=-update writes docs/reliability.md)
	internal/integration/setup.sh
	go test -tags integration,cluster -count=1 -v -timeout 30m ./internal/integration/cluster $(ARGS)

soak-imap: ## 100,000 and 1,000,000 bounces in Dovecot read while it is restarted and bouncepipe killed; minutes (ARGS=-update writes docs)
	internal/integration/setup.sh
	go test -tags integration,soak -count=1 -v -timeout 90m ./internal/integration/imapsoak $(ARGS)

bench-kafka: ## events/s into one real broker, beside Java's producer
	internal/integration/setup.sh
	go test -tags integration -run '^$$' -bench . -benchtime 1x -timeout 15m ./internal/integration/kafka $(ARGS)
