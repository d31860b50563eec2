// SPDX-License-Identifier: Apache-2.0

// Command pion is a peer of DTLS made with pion/dtls: a server sends back what it hears, a client
// sends the lines of its standard input and prints the answers.
//
//	pion server 127.0.0.1:0 psk device 001122
//	pion client 127.0.0.1:5684 cert cert.pem key.pem ca.pem [cid]
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/pion/dtls/v3"
)

func check(err error) {
	if err != nil {
		fmt.Println("failed", err)
		os.Exit(1)
	}
}

// configure reads the credentials from the arguments behind the address.
func configure(args []string) *dtls.Config {
	c := &dtls.Config{}
	switch args[0] {
	case "psk":
		key, err := hex.DecodeString(args[2])
		check(err)
		c.PSK = func([]byte) ([]byte, error) { return key, nil }
		c.PSKIdentityHint = []byte(args[1])
		c.CipherSuites = []dtls.CipherSuiteID{dtls.TLS_PSK_WITH_AES_128_CCM_8}
		args = args[3:]
	case "cert":
		pair, err := tls.LoadX509KeyPair(args[1], args[2])
		check(err)
		ca, err := os.ReadFile(args[3])
		check(err)
		c.Certificates = []tls.Certificate{pair}
		c.RootCAs = x509.NewCertPool()
		c.RootCAs.AppendCertsFromPEM(ca)
		c.ClientCAs = c.RootCAs
		c.ClientAuth = dtls.RequireAndVerifyClientCert
		c.ServerName = "localhost"
		c.CipherSuites = []dtls.CipherSuiteID{dtls.TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8,
			dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
		args = args[4:]
	}
	if len(args) > 0 && args[0] == "cid" {
		c.ConnectionIDGenerator = dtls.RandomCIDGenerator(6)
	}
	return c
}

func serve(address string, c *dtls.Config) {
	a, err := net.ResolveUDPAddr("udp", address)
	check(err)
	l, err := dtls.Listen("udp", a, c)
	check(err)
	fmt.Println("port", l.Addr().(*net.UDPAddr).Port)
	for {
		conn, err := l.Accept()
		check(err)
		go func() {
			buf := make([]byte, 2048)
			for {
				n, err := conn.Read(buf)
				if err != nil {
					return
				}
				fmt.Println("data", string(buf[:n]))
				_, _ = conn.Write(buf[:n])
			}
		}()
	}
}

func ask(address string, c *dtls.Config) {
	a, err := net.ResolveUDPAddr("udp", address)
	check(err)
	conn, err := dtls.Dial("udp", a, c)
	check(err)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	check(conn.HandshakeContext(ctx))
	fmt.Println("established")
	buf := make([]byte, 2048)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		_, err = conn.Write(in.Bytes())
		check(err)
		check(conn.SetReadDeadline(time.Now().Add(5 * time.Second)))
		n, err := conn.Read(buf)
		check(err)
		fmt.Println("data", string(buf[:n]))
	}
	_ = conn.Close()
}

func main() {
	c := configure(os.Args[3:])
	if os.Args[1] == "server" {
		serve(os.Args[2], c)
	} else {
		ask(os.Args[2], c)
	}
}
