# SPDX-License-Identifier: Apache-2.0
"""What moves a scripted device's messages other than UDP: DTLS of OpenSSL, and TCP as RFC 8323 has it, with its
TLS."""
import socket
import struct
import subprocess


class Openssl:
    """openssl s_client, and the end of a pair of sockets that it reads and writes."""

    def __init__(self, version, pair, port, *options, cipher="PSK-AES128-CCM8"):
        self.end, other = socket.socketpair(socket.AF_UNIX, pair)
        self.process = subprocess.Popen(
            ["openssl", "s_client", version, "-quiet", "-connect", f"127.0.0.1:{port}",
             "-cipher", f"{cipher}:@SECLEVEL=0", *options],
            stdin=other, stdout=other, stderr=subprocess.DEVNULL)
        other.close()

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.end.close()


class Dtls(Openssl):
    """Both ends keep the borders of datagrams."""

    def __init__(self, port, *options, **how):
        super().__init__("-dtls1_2", socket.SOCK_SEQPACKET, port, *options, **how)

    @classmethod
    def psk(cls, port, identity, key, **how):
        return cls(port, "-psk", key, "-psk_identity", identity, **how)

    @classmethod
    def certificate(cls, port, certificate, key):
        return cls(port, "-cert", certificate, "-key", key, cipher="ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES128-GCM-SHA256")

    def settimeout(self, seconds):
        self.end.settimeout(seconds)

    def send(self, data):
        try:
            self.end.send(data)
        except OSError:
            pass  # refused: nothing comes back either

    def recv(self, room):
        data = self.end.recv(room)
        if not data:
            raise OSError("the handshake failed")
        if len(data) == 1024:  # s_client hands a longer one over in two parts
            data += self.end.recv(room)
        return data

    def close(self):
        self.stop()


class Tcp:
    """Messages of UDP's form on one side, a stream on the other; empty ones stay away from it."""

    def __init__(self, port, tls=None):
        self.tls, self.read = tls, b""
        self.end = tls.end if tls else socket.create_connection(("127.0.0.1", port))
        self.end.sendall(b"\x00\xe1")  # our capabilities: none
        self.signals = []

    @classmethod
    def psk(cls, port, identity, key, *options):
        return cls(port, Openssl("-tls1_2", socket.SOCK_STREAM, port, "-psk", key, "-psk_identity", identity, *options))

    @classmethod
    def certificate(cls, port, certificate, key):
        return cls(port, Openssl("-tls1_2", socket.SOCK_STREAM, port, "-cert", certificate, "-key", key,
                                 cipher="ECDHE-ECDSA-AES128-GCM-SHA256"))

    def settimeout(self, seconds):
        self.end.settimeout(seconds)

    def send(self, data):
        token = data[0] & 15
        code, rest = data[1], data[4 + token:]
        if code == 0:
            return
        n = len(rest)
        if n < 13:
            head = bytes([n << 4 | token])
        elif n < 269:
            head = bytes([13 << 4 | token, n - 13])
        else:
            head = bytes([14 << 4 | token]) + struct.pack(">H", n - 269)
        self.end.sendall(head + bytes([code]) + data[4:4 + token] + rest)

    def take(self):
        """One message of the stream, or None when it is not whole yet."""
        if len(self.read) < 4:
            return None if len(self.read) < 2 or self.read[0] >> 4 >= 13 else self.cut(1, self.read[0] >> 4)
        kind = self.read[0] >> 4
        if kind < 13:
            return self.cut(1, kind)
        if kind == 13:
            return self.cut(2, self.read[1] + 13)
        return self.cut(3, struct.unpack(">H", self.read[1:3])[0] + 269)

    def cut(self, head, length):
        token = self.read[0] & 15
        end = head + 1 + token + length
        if len(self.read) < end:
            return None
        message, self.read = self.read[:end], self.read[end:]
        return bytes([1 << 6 | 1 << 4 | token, message[head]]) + b"\0\0" + message[head + 1:]

    def recv(self, room):
        while True:
            message = self.take()
            if message and message[1] >> 5 == 7:
                self.signals.append(message)
            elif message:
                return message
            else:
                data = self.end.recv(room)
                if not data:
                    raise OSError("closed")
                self.read += data

    def close(self):
        if self.tls:
            self.tls.stop()
        self.end.close()
