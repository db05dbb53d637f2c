"""For a network of its own, as `unshare --net` gives it. `up COMMAND…`: loopback up, and a way out that leads nowhere; then runs the
command. `down`: takes the way out away."""

import ctypes
import fcntl
import os
import socket
import struct
import sys

# netdevice(7), and linux/sockios.h.
SET_FLAGS, ADD_ROUTE, DELETE_ROUTE, UP = 0x8914, 0x890B, 0x890C, 1

loopback = ctypes.create_string_buffer(b"lo")
anywhere = struct.pack("HH4s8s", socket.AF_INET, 0, bytes(4), bytes(8))
route = struct.pack(
    "L16s16s16sHhLPhPLLH6x", 0, anywhere, anywhere, anywhere, UP, 0, 0, 0, 0, ctypes.addressof(loopback), 0, 0, 0
)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    if sys.argv[1] == "up":
        fcntl.ioctl(sock, SET_FLAGS, struct.pack("16sH14s", b"lo", UP, b""))
        fcntl.ioctl(sock, ADD_ROUTE, route)
    else:
        fcntl.ioctl(sock, DELETE_ROUTE, route)
if sys.argv[1] == "up":
    os.execvp(sys.argv[2], sys.argv[2:])
