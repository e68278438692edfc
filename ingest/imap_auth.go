package ingest

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-sasl"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const (
	mechPlain       = "PLAIN"
	mechLogin       = "LOGIN"
	mechXOAuth2     = "XOAUTH2"
	mechOAuthBearer = "OAUTHBEARER"
)

// TokenFunc gives an OAuth 2.0 access token. refused is the token that the server has just
// refused, else empty: it must not be given again.
type TokenFunc func(ctx context.Context, refused string) (string, error)

// imapSecret is a password or a token.
type imapSecret struct {
	text  string
	token bool
}

// secret gets what to sign in with: the token where both would do.
func (o *IMAPOptions) secret(ctx context.Context, refused string) (imapSecret, error) {
	if o.Token != nil && o.Mechanism != mechPlain && o.Mechanism != mechLogin {
		ctx, cancel := context.WithTimeout(ctx, o.Timeout)
		defer cancel()
		token, err := o.Token(ctx, refused)
		return imapSecret{token, true}, err
	}
	password, err := o.Password()
	return imapSecret{text: password}, err
}

// errIMAPRefused marks a sign-in that the server refused.
var errIMAPRefused = errors.New("refused")

func isRefusal(err error) bool { return errors.Is(err, errIMAPRefused) }

func (s *imapSession) signIn(ctx context.Context, o *IMAPOptions, secret imapSecret) error {
	mech, err := s.mechanism(o, secret)
	if err != nil {
		return err
	}
	var answer error
	err = s.do(ctx, func() error {
		if mech == mechLogin {
			answer = s.client.Login(o.Username, secret.text).Wait()
		} else {
			answer = s.client.Authenticate(saslClient(mech, o, secret.text))
		}
		return answer
	})
	var denied *saslDenied
	switch {
	case errors.As(answer, &denied):
		return fmt.Errorf("%w: %w", errIMAPRefused, denied)
	case isNo(err):
		err = fmt.Errorf("%w: %w", errIMAPRefused, err)
	}
	echoes := []string{secret.text, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(secret.text)}
	if mech != mechLogin {
		if _, ir, err := saslClient(mech, o, secret.text).Start(); err == nil {
			echoes = append(echoes, base64.StdEncoding.EncodeToString(ir))
		}
	}
	return scrub(err, echoes)
}

// mechanism chooses how to sign in.
func (s *imapSession) mechanism(o *IMAPOptions, secret imapSecret) (string, error) {
	if o.Mechanism != "" {
		return o.Mechanism, nil
	}
	try := []string{mechPlain}
	if secret.token {
		try = []string{mechXOAuth2, mechOAuthBearer}
	}
	for _, mech := range try {
		if s.caps.Has(imap.AuthCap(mech)) {
			return mech, nil
		}
	}
	if !secret.token && !s.caps.Has(imap.CapLoginDisabled) {
		return mechLogin, nil
	}
	offers := "nothing"
	if l := s.caps.AuthMechanisms(); len(l) > 0 {
		offers = oneLine(strings.Join(l, " "))
	}
	if secret.token {
		return "", fmt.Errorf("%w: the server takes no OAuth token, it offers %s", ErrMisconfigured, offers)
	}
	return "", fmt.Errorf("%w: the server takes no password here, it offers %s: perhaps it wants TLS or OAuth", ErrMisconfigured, offers)
}

func saslClient(mech string, o *IMAPOptions, secret string) sasl.Client {
	switch mech {
	case mechPlain:
		return sasl.NewPlainClient("", o.Username, secret)
	case mechOAuthBearer:
		host, port, _ := net.SplitHostPort(o.Address)
		n, _ := strconv.Atoi(port)
		ir := sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: o.Username, Token: secret, Host: host, Port: n})
		return bearerClient{ir}
	default:
		return xoauth2Client{o.Username, secret}
	}
}

// xoauth2Client is the mechanism that came before RFC 7628 and that Google and Microsoft document.
type xoauth2Client struct{ user, token string }

func (c xoauth2Client) Start() (string, []byte, error) {
	return mechXOAuth2, []byte("user=" + c.user + "\x01auth=Bearer " + c.token + "\x01\x01"), nil
}

func (c xoauth2Client) Next(challenge []byte) ([]byte, error) { return nil, denial(challenge) }

// bearerClient is RFC 7628, with the server's reason in the error.
type bearerClient struct{ sasl.Client }

func (c bearerClient) Next(challenge []byte) ([]byte, error) { return nil, denial(challenge) }

// saslDenied is the reason that a server gives before it says NO. The exchange ends there; the
// connection is closed.
type saslDenied struct{ status string }

func (e *saslDenied) Error() string { return "the token was refused: status " + e.status }

func denial(challenge []byte) error {
	var reason struct{ Status string }
	if err := json.Unmarshal(challenge, &reason); err != nil || reason.Status == "" {
		reason.Status = "unknown"
	}
	return &saslDenied{oneLine(reason.Status)}
}

// scrub hides a secret that the server has echoed, in any of its forms.
func scrub(err error, echoes []string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, echo := range echoes {
		if echo != "" {
			text = strings.ReplaceAll(text, echo, "***")
		}
	}
	if text == err.Error() {
		return err
	}
	return &scrubbed{text, err}
}

// scrubbed is an error told in other words.
type scrubbed struct {
	text string
	err  error
}

func (e *scrubbed) Error() string { return e.text }
func (e *scrubbed) Unwrap() error { return e.err }

// IMAPOAuth gets access tokens from a token endpoint: by refresh token where there is one, else by client
// credentials.
//
//	Google          https://oauth2.googleapis.com/token, scope https://mail.google.com/
//	Microsoft 365   https://login.microsoftonline.com/TENANT/oauth2/v2.0/token,
//	                scope https://outlook.office365.com/.default (client credentials)
//	                or https://outlook.office.com/IMAP.AccessAsUser.All offline_access (refresh token)
type IMAPOAuth struct {
	TokenURL string
	ClientID string
	// ClientSecret may be nil for public clients with a refresh token.
	ClientSecret func() (string, error)
	RefreshToken func() (string, error)
	Scopes       []string
	// Client makes the requests; by default one with a timeout of 30 s.
	Client *http.Client
	// Rotated, where set, is given a refresh token that replaces the one before. It is kept
	// in memory whether or not this stores it.
	Rotated func(refreshToken string) error
}

// TokenFunc returns a source of tokens that asks again shortly before a token expires, or when it
// was refused. One may serve several mailboxes.
func (o IMAPOAuth) TokenFunc() (TokenFunc, error) {
	if o.TokenURL == "" || o.ClientID == "" {
		return nil, errors.New("oauth: the token URL and the client ID are required")
	}
	if o.RefreshToken == nil && o.ClientSecret == nil {
		return nil, errors.New("oauth: a refresh token or a client secret is required")
	}
	o.Client = cmp.Or(o.Client, &http.Client{Timeout: 30 * time.Second})
	var mu sync.Mutex
	var token *oauth2.Token
	var rotated string
	return func(ctx context.Context, refused string) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if token.Valid() && token.AccessToken != refused {
			return token.AccessToken, nil
		}
		fresh, err := o.ask(context.WithValue(ctx, oauth2.HTTPClient, o.Client), rotated)
		if err != nil {
			return "", tokenError(o.TokenURL, err)
		}
		if fresh.RefreshToken != "" && fresh.RefreshToken != rotated {
			rotated = fresh.RefreshToken
			if o.Rotated != nil {
				if err := o.Rotated(rotated); err != nil {
					return "", fmt.Errorf("keep the new refresh token: %w", err)
				}
			}
		}
		token = fresh
		return token.AccessToken, nil
	}, nil
}

func (o IMAPOAuth) ask(ctx context.Context, rotated string) (*oauth2.Token, error) {
	var secret string
	if o.ClientSecret != nil {
		var err error
		if secret, err = o.ClientSecret(); err != nil {
			return nil, err
		}
	}
	if o.RefreshToken == nil {
		cfg := clientcredentials.Config{ClientID: o.ClientID, ClientSecret: secret, TokenURL: o.TokenURL, Scopes: o.Scopes}
		return cfg.Token(ctx)
	}
	refresh := rotated
	if refresh == "" {
		var err error
		if refresh, err = o.RefreshToken(); err != nil {
			return nil, err
		}
	}
	cfg := oauth2.Config{ClientID: o.ClientID, ClientSecret: secret, Scopes: o.Scopes, Endpoint: oauth2.Endpoint{TokenURL: o.TokenURL}}
	return cfg.TokenSource(ctx, &oauth2.Token{RefreshToken: refresh}).Token()
}

// tokenError keeps the endpoint's reason and leaves out its page.
func tokenError(url string, err error) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return fmt.Errorf("token endpoint %s: %w", url, err)
	}
	reason := refused.ErrorCode
	if reason == "" && refused.Response != nil {
		reason = refused.Response.Status
	}
	if refused.ErrorDescription != "" {
		reason += ": " + refused.ErrorDescription
	}
	return fmt.Errorf("%w: token endpoint %s refused: %s", ErrMisconfigured, url, oneLine(reason))
}
