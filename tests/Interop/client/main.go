// A chat client of quicchat/1 in Go, written from docs/wire-protocol.md and proto/ alone.
//
// Each line of standard input is published; its end leaves the room. Each thing that happens is a line of JSON on standard output.
// A connection that is lost is replaced by another one, which goes on where it was.
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	pb "quicchat/chatpb"
)

const maxBody = 32768

func main() {
	c := &client{output: json.NewEncoder(os.Stdout)}
	server := flag.String("server", "127.0.0.1:4433", "`HOST:PORT` of a gateway, several with commas between")
	authorities := flag.String("ca", "", "PEM `FILE` with the authority of the gateway's certificate")
	name := flag.String("name", "localhost", "the `NAME` in the gateway's certificate")
	flag.StringVar(&c.token, "token", "", "a JSON Web Token; by default the environment's QUICCHAT_TOKEN")
	flag.StringVar(&c.clientID, "client-id", "", "names this installation; by default a random one")
	flag.StringVar(&c.room, "room", "lobby", "the room")
	newest := flag.Uint("newest", 0, "how many of the newest messages to begin with")
	after := flag.String("after", "", "`EPOCH:OFFSET` of the last message that is known")
	flag.DurationVar(&c.patience, "patience", 0, "how long an answer may take before the connection counts as lost; by default as long as the gateway says")
	flag.Parse()

	if err := c.configure(*server, *authorities, *name, *newest, *after); err != nil {
		fmt.Fprintln(os.Stderr, "quicchat-go:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c.lines = readLines()
	if err := c.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "quicchat-go:", err)
		os.Exit(1)
	}
}

func (c *client) configure(server, authorities, name string, newest uint, after string) error {
	if flag.NArg() > 0 {
		return fmt.Errorf("'%s' is no option", flag.Arg(0))
	}
	c.servers, c.newest = strings.Split(server, ","), uint32(newest)
	if c.token == "" {
		c.token = os.Getenv("QUICCHAT_TOKEN")
	}
	if c.clientID == "" {
		random := make([]byte, 16)
		if _, err := rand.Read(random); err != nil {
			return err
		}
		c.clientID = hex.EncodeToString(random)
	}
	if after != "" {
		colon := strings.LastIndexByte(after, ':')
		offset, err := strconv.ParseUint(after[colon+1:], 10, 63)
		if colon < 0 || err != nil {
			return fmt.Errorf("--after '%s' is not EPOCH:OFFSET", after)
		}
		c.position = &pb.Position{Epoch: after[:colon], Offset: offset}
	}
	c.trust = &tls.Config{ServerName: name, NextProtos: []string{"quicchat/1"}, MinVersion: tls.VersionTLS13}
	if authorities != "" {
		pem, err := os.ReadFile(authorities)
		if err != nil {
			return err
		}
		c.trust.RootCAs = x509.NewCertPool()
		if !c.trust.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("%s holds no certificate", authorities)
		}
	}
	return nil
}

func readLines() <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(os.Stdin)
		scanner.Buffer(nil, maxBody)
		for scanner.Scan() {
			lines <- scanner.Text()
		}
		if err := scanner.Err(); err != nil {
			fmt.Fprintln(os.Stderr, "quicchat-go:", err)
		}
	}()
	return lines
}

// sleep waits unless it is told to end.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
