package dsn

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden is what a sample's .json holds: what was read, without the headers.
type golden struct {
	Kind         Kind              `json:"kind,omitempty"`
	Dialect      string            `json:"dialect,omitempty"`
	ReportingMTA string            `json:"reporting_mta,omitempty"`
	EnvelopeID   string            `json:"original_envelope_id,omitempty"`
	ArrivalDate  time.Time         `json:"arrival_date,omitzero"`
	Recipients   []goldenRecipient `json:"recipients,omitempty"`
	Original     string            `json:"original_message_id,omitempty"`
	Feedback     *Feedback         `json:"feedback,omitempty"`
	Disposition  string            `json:"disposition,omitempty"`
	Problems     []Problem         `json:"problems,omitempty"`
	Error        string            `json:"error,omitempty"`
}

type goldenRecipient struct {
	Final      string    `json:"final_recipient,omitempty"`
	Original   string    `json:"original_recipient,omitempty"`
	NewAddress string    `json:"new_address,omitempty"`
	Action     Action    `json:"action,omitempty"`
	Status     string    `json:"status,omitempty"`
	Diagnostic string    `json:"diagnostic_code,omitempty"`
	Code       int       `json:"reply_code,omitempty"`
	RStatus    string    `json:"reply_status,omitempty"`
	Command    string    `json:"smtp_command,omitempty"`
	Reply      string    `json:"reply_text,omitempty"`
	Text       string    `json:"text,omitempty"`
	RemoteMTA  string    `json:"remote_mta,omitempty"`
	Attempt    time.Time `json:"last_attempt_date,omitzero"`
	Retry      time.Time `json:"will_retry_until,omitzero"`
}

func goldenOf(raw []byte) golden {
	r, err := new(Parser).Parse(raw)
	if err != nil {
		return golden{Error: err.Error()}
	}
	g := golden{Kind: r.Kind, Dialect: r.Dialect, ReportingMTA: r.ReportingMTA.Value, EnvelopeID: r.OriginalEnvelopeID, ArrivalDate: r.ArrivalDate, Original: r.Original.Header.Get("Message-ID"), Feedback: r.Feedback, Disposition: r.Disposition, Problems: r.Problems}
	for _, c := range r.Recipients {
		g.Recipients = append(g.Recipients, goldenRecipient{c.FinalRecipient.Value, c.OriginalRecipient.Value, c.NewAddress, c.Action, c.Status.String(), c.DiagnosticCode.Value, c.Reply.Code, c.Reply.Status.String(), c.Reply.Command, c.Reply.Text, c.Text, c.RemoteMTA.Value, c.LastAttemptDate, c.WillRetryUntil})
	}
	return g
}

func samples(t testing.TB) []string {
	files, err := filepath.Glob("testdata/*/*.eml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	return files
}

// TestGolden reads every sample of testdata/<dialect> and compares with the .json beside it;
// each must be taken by its own folder's dialect, so that a greedy neighbour is caught.
// Folder "none" holds mail that is no report.
func TestGolden(t *testing.T) {
	for _, f := range samples(t) {
		t.Run(strings.TrimPrefix(f, "testdata/"), func(t *testing.T) {
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			g := goldenOf(raw)
			if folder := filepath.Base(filepath.Dir(f)); folder == "none" {
				if g.Error == "" {
					t.Errorf("taken by %s: want no report", g.Dialect)
				}
			} else if g.Dialect != folder {
				t.Errorf("taken by dialect %q", g.Dialect)
			}
			file := strings.TrimSuffix(f, ".eml") + ".json"
			got, _ := json.MarshalIndent(g, "", "  ")
			got = append(got, '\n')
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v (go test ./dsn -update writes it; read it before you commit)", err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Errorf("differs from %s (-want +got):\n%s", file, d)
			}
		})
	}
}

// TestTwins reads each sample in other dress: the line ends of other systems, an mbox "From "
// line in front, the last boundary cut. The report must be the same.
func TestTwins(t *testing.T) {
	for _, f := range samples(t) {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		lf := bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
		want := goldenOf(lf)
		for name, twin := range map[string][]byte{
			"CRLF":      bytes.ReplaceAll(lf, []byte("\n"), []byte("\r\n")),
			"CR":        bytes.ReplaceAll(lf, []byte("\n"), []byte("\r")),
			"CRCRLF":    bytes.ReplaceAll(lf, []byte("\n"), []byte("\r\r\n")),
			"mixed":     bytes.Replace(bytes.ReplaceAll(lf, []byte("\n"), []byte("\r\n")), []byte("\r\n"), []byte("\n"), 9),
			"From line": append([]byte("From MAILER-DAEMON Tue Nov 24 10:00:00 2026\n"), lf...),
			"cut":       cutLastBoundary(lf),
		} {
			if d := cmp.Diff(want, goldenOf(twin)); d != "" {
				t.Errorf("%s as %s reads otherwise (-want +got):\n%s", f, name, d)
			}
		}
	}
}

func cutLastBoundary(raw []byte) []byte {
	trimmed := bytes.TrimRight(raw, "\n")
	i := bytes.LastIndexByte(trimmed, '\n')
	if i < 0 || !bytes.HasPrefix(trimmed[i+1:], []byte("--")) || !bytes.HasSuffix(trimmed, []byte("--")) {
		return raw
	}
	return raw[:i+1]
}
