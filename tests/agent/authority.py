# SPDX-License-Identifier: Apache-2.0
"""The two authorities of a product: of its server and of its devices."""
import datetime
import ipaddress
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.timezone.utc)


def name(cn):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)])


class Authority:
    def __init__(self, folder, cn):
        self.folder, self.name = folder, name(cn)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.cert = self.sign(self.name, self.key.public_key(), x509.BasicConstraints(True, None))
        self.path = folder / f"{cn}.pem"
        self.path.write_bytes(self.cert.public_bytes(serialization.Encoding.PEM))

    def sign(self, subject, public_key, *extensions):
        builder = x509.CertificateBuilder(self.name, subject, public_key, x509.random_serial_number(),
                                          NOW - datetime.timedelta(days=1), NOW + datetime.timedelta(days=30))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256())


class Product:
    def __init__(self, folder):
        self.server, self.devices = Authority(folder, "server-ca"), Authority(folder, "device-ca")
        self.folder = folder

    def context(self):
        """TLS with a certificate for 127.0.0.1, which takes client certificates by the device authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        cert = self.server.sign(name("server"), key.public_key(), names)
        path = self.folder / "server.pem"
        path.write_bytes(cert.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        context.load_verify_locations(self.devices.path)
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def enroll(self, pem):
        csr = x509.load_pem_x509_csr(pem)
        assert csr.is_signature_valid
        cert = self.devices.sign(csr.subject, csr.public_key())
        return (cert.public_bytes(serialization.Encoding.PEM),
                csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
