// SPDX-License-Identifier: Apache-2.0

import java.net.InetSocketAddress;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import org.eclipse.californium.core.CoapClient;
import org.eclipse.californium.core.CoapHandler;
import org.eclipse.californium.core.CoapObserveRelation;
import org.eclipse.californium.core.CoapResource;
import org.eclipse.californium.core.CoapResponse;
import org.eclipse.californium.core.CoapServer;
import org.eclipse.californium.core.coap.CoAP.Code;
import org.eclipse.californium.core.coap.CoAP.ResponseCode;
import org.eclipse.californium.core.coap.CoAP.Type;
import org.eclipse.californium.core.coap.MediaTypeRegistry;
import org.eclipse.californium.core.coap.Request;
import org.eclipse.californium.core.config.CoapConfig;
import org.eclipse.californium.core.network.CoapEndpoint;
import org.eclipse.californium.core.server.resources.CoapExchange;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.elements.config.UdpConfig;

/** Californium with the resources and the command line of our driver (see server.c and client.c). */
public class Peer {
    private static final int LIFETIME_S = 300;

    /** A resource with one method or two, both served alike; the others are answered by 4.05. */
    private static class Served extends CoapResource {
        private final Code first, second;
        private final Consumer<CoapExchange> serve;

        Served(String name, Code first, Code second, Consumer<CoapExchange> serve) {
            super(name);
            this.first = first;
            this.second = second;
            this.serve = serve;
        }

        @Override
        public void handleRequest(org.eclipse.californium.core.network.Exchange exchange) {
            Code code = exchange.getRequest().getCode();
            if (code == first || code == second) {
                serve.accept(new CoapExchange(exchange));
            } else {
                super.handleRequest(exchange);
            }
        }
    }

    private static class Time extends CoapResource {
        private volatile int ticks;

        Time() {
            super("time");
            setObservable(true);
            setObserveType(Type.CON);
        }

        void tick() {
            ticks++;
            changed();
        }

        @Override
        public void handleGET(CoapExchange exchange) {
            exchange.respond(Integer.toString(ticks));
        }
    }

    private static void upload(CoapExchange exchange) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(exchange.getRequestPayload());
            exchange.respond(ResponseCode.CHANGED, HexFormat.of().formatHex(digest));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void echo(CoapExchange exchange) {
        boolean fetches = exchange.getRequestCode() == Code.FETCH;
        exchange.respond(fetches ? ResponseCode.CONTENT : ResponseCode.CHANGED,
                exchange.getRequestPayload(), MediaTypeRegistry.APPLICATION_OCTET_STREAM);
    }

    private static void separate(CoapExchange exchange) {
        exchange.accept();
        try {
            Thread.sleep(500);
        } catch (InterruptedException e) {
            return;
        }
        exchange.respond("late");
    }

    private static byte[] pattern(int size) {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) (i % 251);
        }
        return bytes;
    }

    private static void server(Configuration configuration) throws Exception {
        CoapServer server = new CoapServer(configuration);
        CoapEndpoint endpoint = CoapEndpoint.builder().setConfiguration(configuration)
                .setInetSocketAddress(new InetSocketAddress("127.0.0.1", 0)).build();
        Time time = new Time();
        server.addEndpoint(endpoint);
        server.add(new Served("hello", Code.GET, null, e -> e.respond("hello")),
                new Served("echo", Code.POST, Code.FETCH, Peer::echo),
                new Served("large", Code.GET, null, e -> e.respond(ResponseCode.CONTENT, pattern(20000))),
                new Served("upload", Code.PUT, null, Peer::upload),
                new Served("separate", Code.GET, null, Peer::separate), time);
        server.start();
        System.out.println(endpoint.getAddress().getPort());
        for (int i = 0; i < LIFETIME_S * 5; i++) {
            TimeUnit.MILLISECONDS.sleep(200);
            time.tick();
        }
        System.exit(0);
    }

    private static synchronized void show(CoapResponse response) {
        byte[] body = response.getPayload();
        System.out.printf("{\"code\":\"%s\",\"payload\":\"%s\"}%n", response.getCode().text,
                HexFormat.of().formatHex(body == null ? new byte[0] : body));
    }

    private static void observe(CoapClient client, int notifications) throws Exception {
        CountDownLatch left = new CountDownLatch(notifications + 1);
        CoapObserveRelation relation = client.observeAndWait(new CoapHandler() {
            @Override
            public void onLoad(CoapResponse response) {
                if (left.getCount() > 0) {
                    show(response);
                }
                left.countDown();
            }

            @Override
            public void onError() {
                System.exit(1);
            }
        });
        left.await(30, TimeUnit.SECONDS);
        relation.proactiveCancel();
        TimeUnit.MILLISECONDS.sleep(300); // the cancellation leaves
    }

    private static void client(Configuration configuration, String[] args) throws Exception {
        CoapClient client = new CoapClient("coap://" + args[2] + "/" + args[4]);
        client.setEndpoint(CoapEndpoint.builder().setConfiguration(configuration).build());
        client.setTimeout(30000L);
        int notifications = args.length > 5 ? Integer.parseInt(args[5]) : 0;
        if (notifications > 0) {
            observe(client, notifications);
            System.exit(0);
        }
        Request request = new Request(Code.valueOf(args[3]));
        byte[] body = System.in.readAllBytes();
        if (body.length > 0) {
            request.setPayload(body);
            request.getOptions().setContentFormat(MediaTypeRegistry.APPLICATION_OCTET_STREAM);
        }
        CoapResponse response = client.advanced(request);
        if (response != null) {
            show(response);
        }
        System.exit(response == null ? 1 : 0);
    }

    public static void main(String[] args) throws Exception {
        CoapConfig.register();
        UdpConfig.register();
        Configuration configuration = Configuration.createStandardWithoutFile();
        configuration.set(CoapConfig.MAX_RESOURCE_BODY_SIZE, 1 << 20);
        if (args[0].equals("server")) {
            server(configuration);
        } else {
            client(configuration, args);
        }
    }
}
