// SPDX-License-Identifier: Apache-2.0

// go-coap with the resources and the command line of our driver (see server.c and client.c).
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/plgd-dev/go-coap/v3/message"
	"github.com/plgd-dev/go-coap/v3/message/codes"
	"github.com/plgd-dev/go-coap/v3/message/pool"
	"github.com/plgd-dev/go-coap/v3/mux"
	"github.com/plgd-dev/go-coap/v3/net"
	"github.com/plgd-dev/go-coap/v3/options"
	"github.com/plgd-dev/go-coap/v3/tcp"
	"github.com/plgd-dev/go-coap/v3/udp"
)

const lifetime = 300 * time.Second

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func respond(w mux.ResponseWriter, code codes.Code, body []byte) {
	if err := w.SetResponse(code, message.TextPlain, bytes.NewReader(body)); err != nil {
		log.Print(err)
	}
}

func hello(w mux.ResponseWriter, r *mux.Message) {
	respond(w, codes.Content, []byte("hello"))
}

func echo(w mux.ResponseWriter, r *mux.Message) {
	code := codes.Changed
	if r.Code() == codes.FETCH {
		code = codes.Content
	}
	respond(w, code, must(r.ReadBody()))
}

func large(w mux.ResponseWriter, r *mux.Message) {
	body := make([]byte, 20000)
	for i := range body {
		body[i] = byte(i % 251)
	}
	respond(w, codes.Content, body)
}

func upload(w mux.ResponseWriter, r *mux.Message) {
	digest := sha256.Sum256(must(r.ReadBody()))
	respond(w, codes.Changed, []byte(hex.EncodeToString(digest[:])))
}

// A response that is a message of its own.
func send(conn mux.Conn, token message.Token, observe int, body string) error {
	m := conn.AcquireMessage(conn.Context())
	defer conn.ReleaseMessage(m)
	m.SetCode(codes.Content)
	m.SetToken(token)
	m.SetContentFormat(message.TextPlain)
	m.SetBody(bytes.NewReader([]byte(body)))
	if observe >= 0 {
		m.SetObserve(uint32(observe))
	}
	return conn.WriteMessage(m)
}

func separate(w mux.ResponseWriter, r *mux.Message) {
	conn, token := w.Conn(), bytes.Clone(r.Token())
	go func() {
		time.Sleep(500 * time.Millisecond)
		_ = send(conn, token, -1, "late")
	}()
}

var observers sync.Map // token as text -> struct{}

func clock(w mux.ResponseWriter, r *mux.Message) {
	conn, token := w.Conn(), bytes.Clone(r.Token())
	observe, err := r.Options().Observe()
	if err == nil && observe == 0 {
		observers.Store(string(token), struct{}{})
		go func() {
			for n := 1; send(conn, token, n, strconv.Itoa(n)) == nil; n++ {
				time.Sleep(200 * time.Millisecond)
				if _, wanted := observers.Load(string(token)); !wanted {
					return
				}
			}
		}()
		return
	}
	observers.Delete(string(token))
	respond(w, codes.Content, []byte("0"))
}

var resources = map[string]map[codes.Code]func(mux.ResponseWriter, *mux.Message){
	"/hello":    {codes.GET: hello},
	"/echo":     {codes.POST: echo, codes.FETCH: echo},
	"/large":    {codes.GET: large},
	"/upload":   {codes.PUT: upload},
	"/time":     {codes.GET: clock},
	"/separate": {codes.GET: separate},
}

func serve(w mux.ResponseWriter, r *mux.Message) {
	path, err := r.Options().Path()
	methods, found := resources[path]
	if err != nil || !found {
		respond(w, codes.NotFound, nil)
	} else if method, found := methods[r.Code()]; found {
		method(w, r)
	} else {
		respond(w, codes.MethodNotAllowed, nil)
	}
}

func server() {
	handler := mux.HandlerFunc(serve)
	datagrams := must(net.NewListenUDP("udp4", "127.0.0.1:0"))
	streams := must(net.NewTCPListener("tcp4", "127.0.0.1:0"))
	go func() { log.Fatal(udp.NewServer(options.WithMux(handler)).Serve(datagrams)) }()
	go func() { log.Fatal(tcp.NewServer(options.WithMux(handler)).Serve(streams)) }()
	_, datagramPort := split(datagrams.LocalAddr().String())
	_, streamPort := split(streams.Addr().String())
	fmt.Println(datagramPort, streamPort)
	time.Sleep(lifetime)
}

func split(address string) (string, string) {
	i := bytes.LastIndexByte([]byte(address), ':')
	return address[:i], address[i+1:]
}

func show(m *pool.Message) {
	body := must(m.ReadBody())
	fmt.Printf("{\"code\":\"%d.%02d\",\"payload\":\"%x\"}\n", m.Code()>>5, m.Code()&31, body)
}

// What clients over UDP and TCP have in common.
type client interface {
	Get(ctx context.Context, path string, opts ...message.Option) (*pool.Message, error)
	Delete(ctx context.Context, path string, opts ...message.Option) (*pool.Message, error)
	Post(ctx context.Context, path string, format message.MediaType, payload io.ReadSeeker, opts ...message.Option) (*pool.Message, error)
	Put(ctx context.Context, path string, format message.MediaType, payload io.ReadSeeker, opts ...message.Option) (*pool.Message, error)
	Fetch(ctx context.Context, path string, format message.MediaType, payload io.ReadSeeker, opts ...message.Option) (*pool.Message, error)
}

func ask(ctx context.Context, c client, method, path string) (*pool.Message, error) {
	body := bytes.NewReader(must(io.ReadAll(os.Stdin)))
	switch method {
	case "GET":
		return c.Get(ctx, path)
	case "DELETE":
		return c.Delete(ctx, path)
	case "POST":
		return c.Post(ctx, path, message.AppOctets, body)
	case "PUT":
		return c.Put(ctx, path, message.AppOctets, body)
	case "FETCH":
		return c.Fetch(ctx, path, message.AppOctets, body)
	}
	return nil, fmt.Errorf("no method %s", method)
}

func runClient(carrier, address, method, path string, notifications int) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	seen := make(chan struct{}, 100)
	count := func(m *pool.Message) {
		show(m)
		seen <- struct{}{}
	}
	var c client
	var stop func()
	if carrier == "tcp" {
		// Until it knows our CSM it sends and takes no blocks.
		conn := must(tcp.Dial(address, options.WithCSMExchangeTimeout(5*time.Second)))
		c = conn
		if notifications > 0 {
			observation := must(conn.Observe(ctx, path, count))
			stop = func() { _ = observation.Cancel(ctx) }
		}
	} else {
		conn := must(udp.Dial(address))
		c = conn
		if notifications > 0 {
			observation := must(conn.Observe(ctx, path, count))
			stop = func() { _ = observation.Cancel(ctx) }
		}
	}
	if stop == nil {
		show(must(ask(ctx, c, method, path)))
		return
	}
	for range notifications + 1 {
		<-seen
	}
	stop()
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "server" {
		server()
		return
	}
	notifications := 0
	if len(os.Args) > 6 {
		notifications = must(strconv.Atoi(os.Args[6]))
	}
	runClient(os.Args[2], os.Args[3], os.Args[4], "/"+os.Args[5], notifications)
}
