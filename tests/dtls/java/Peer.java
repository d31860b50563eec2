// SPDX-License-Identifier: Apache-2.0

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import org.eclipse.californium.elements.AddressEndpointContext;
import org.eclipse.californium.elements.RawData;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.scandium.DTLSConnector;
import org.eclipse.californium.scandium.config.DtlsConfig;
import org.eclipse.californium.scandium.config.DtlsConnectorConfig;
import org.eclipse.californium.scandium.dtls.CertificateType;
import org.eclipse.californium.scandium.dtls.pskstore.AdvancedSinglePskStore;
import org.eclipse.californium.scandium.dtls.x509.SingleCertificateProvider;
import org.eclipse.californium.scandium.dtls.x509.StaticNewAdvancedCertificateVerifier;

/**
 * A peer of DTLS made with Scandium: a server sends back what it hears, a client sends the lines of
 * its standard input and prints the answers.
 *
 * <pre>
 * Peer server 0 psk device-1 001122
 * Peer client 5684 rpk device-7.key device-7.pub
 * Peer client 5684 cert device-7.key device-7.crt ca.crt
 * </pre>
 */
public class Peer {
    private static byte[] pem(String path) throws Exception {
        String text = Files.readString(Path.of(path)).replaceAll("-----[A-Z ]*-----", "");
        return Base64.getMimeDecoder().decode(text);
    }

    private static PrivateKey privateKey(String path) throws Exception {
        return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(pem(path)));
    }

    private static PublicKey publicKey(String path) throws Exception {
        return KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(pem(path)));
    }

    private static X509Certificate certificate(String path) throws Exception {
        try (var in = Files.newInputStream(Path.of(path))) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    private static byte[] hex(String text) {
        byte[] bytes = new byte[text.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(text.substring(2 * i, 2 * i + 2), 16);
        }
        return bytes;
    }

    private static void show(DtlsConnectorConfig.Builder b, String[] args) throws Exception {
        switch (args[2]) {
        case "psk":
            b.setAdvancedPskStore(new AdvancedSinglePskStore(args[3], hex(args[4])));
            break;
        case "rpk":
            b.setCertificateIdentityProvider(
                    new SingleCertificateProvider(privateKey(args[3]), publicKey(args[4])));
            b.setAdvancedCertificateVerifier(
                    StaticNewAdvancedCertificateVerifier.builder().setTrustAllRPKs().build());
            break;
        default:
            b.setCertificateIdentityProvider(new SingleCertificateProvider(privateKey(args[3]),
                    new X509Certificate[] {certificate(args[4])}, CertificateType.X_509));
            b.setAdvancedCertificateVerifier(StaticNewAdvancedCertificateVerifier.builder()
                    .setTrustedCertificates(certificate(args[5])).build());
        }
    }

    public static void main(String[] args) throws Exception {
        boolean server = args[0].equals("server");
        int port = Integer.parseInt(args[1]);
        DtlsConfig.register();
        Configuration c = Configuration.createStandardWithoutFile();
        c.set(DtlsConfig.DTLS_ROLE,
                server ? DtlsConfig.DtlsRole.SERVER_ONLY : DtlsConfig.DtlsRole.CLIENT_ONLY);
        DtlsConnectorConfig.Builder b = DtlsConnectorConfig.builder(c);
        b.setAddress(new InetSocketAddress("127.0.0.1", server ? port : 0));
        show(b, args);
        DTLSConnector connector = new DTLSConnector(b.build());
        connector.setRawDataReceiver(raw -> {
            System.out.println("data " + new String(raw.getBytes(), StandardCharsets.UTF_8).trim());
            if (server) {
                connector.send(RawData.outbound(raw.getBytes(), raw.getEndpointContext(), null, false));
            }
        });
        connector.start();
        System.out.println("port " + connector.getAddress().getPort());
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (!server) {
                connector.send(RawData.outbound(line.getBytes(StandardCharsets.UTF_8),
                        new AddressEndpointContext(new InetSocketAddress("127.0.0.1", port)), null, false));
            }
        }
        connector.stop();
        connector.destroy();
        System.exit(0);
    }
}
