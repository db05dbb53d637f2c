// A program that reaches for the network in one way and says nothing of it: it ends with 0 whatever happens, but for `own`, which ends
// with 0 only where this machine's own addresses work. Names are looked up by hand, so that no library stands between it and the kernel.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef WITH_RESOLVER
#include <netdb.h>
#endif

static struct sockaddr_in v4(const char *ip, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, ip, &to.sin_addr);
  return to;
}

static int question(uint8_t *out, const char *name) {
  const uint8_t head[12] = {7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  memcpy(out, head, 12);
  int at = 12;
  while (*name) {
    int length = strcspn(name, ".");
    out[at++] = length;
    memcpy(out + at, name, length);
    at += length;
    name += length + (name[length] == '.');
  }
  const uint8_t tail[5] = {0, 0, 1, 0, 1};
  memcpy(out + at, tail, 5);
  return at + 5;
}

// Connects to the address at the end of an answer.
static void follow(const uint8_t *answer, int length, int port) {
  if (length < 16) return;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  memcpy(&to.sin_addr, answer + length - 4, 4);
  int s = socket(AF_INET, SOCK_STREAM, 0);
  connect(s, (struct sockaddr *)&to, sizeof to);
  close(s);
}

static int own(int family) {
  struct sockaddr_storage at = {.ss_family = family};
  socklen_t length = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
  if (family == AF_INET) ((struct sockaddr_in *)&at)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  else ((struct sockaddr_in6 *)&at)->sin6_addr = in6addr_loopback;
  int listener = socket(family, SOCK_STREAM, 0), client = socket(family, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr *)&at, length) || listen(listener, 1)) return 1;
  getsockname(listener, (struct sockaddr *)&at, &length);
  if (connect(client, (struct sockaddr *)&at, length)) return 2;
  int receiver = socket(family, SOCK_DGRAM, 0), sender = socket(family, SOCK_DGRAM, 0);
  if (bind(receiver, (struct sockaddr *)&at, length)) return 3;
  struct iovec part = {.iov_base = "x", .iov_len = 1};
  struct msghdr message = {.msg_name = &at, .msg_namelen = length, .msg_iov = &part, .msg_iovlen = 1};
  char got;
  if (sendmsg(sender, &message, 0) != 1 || recv(receiver, &got, 1, 0) != 1) return 4;
  if (sendto(sender, "y", 1, 0, (struct sockaddr *)&at, length) != 1 || recv(receiver, &got, 1, 0) != 1) return 5;
  return 0;
}

int main(int count, char **arguments) {
  const char *way = count > 1 ? arguments[1] : "";
  uint8_t text[600];
  if (!strcmp(way, "literal6")) {
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(8443)};
    inet_pton(AF_INET6, "2001:db8::5", &to.sin6_addr);
    connect(socket(AF_INET6, SOCK_STREAM, 0), (struct sockaddr *)&to, sizeof to);
  } else if (!strcmp(way, "literal4")) {
    struct sockaddr_in to = v4("192.0.2.7", 80);
    connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&to, sizeof to);
  } else if (!strcmp(way, "datagram")) {
    struct sockaddr_in to = v4("192.0.2.9", 123);
    sendto(socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0, (struct sockaddr *)&to, sizeof to);
  } else if (!strcmp(way, "messages")) {
    struct sockaddr_in to = v4("192.0.2.10", 4433);
    struct iovec part = {.iov_base = "x", .iov_len = 1};
    struct mmsghdr all[2] = {0};
    all[1].msg_hdr = (struct msghdr){.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &part, .msg_iovlen = 1};
    struct sockaddr_in here = v4("127.0.0.1", 9);
    all[0].msg_hdr = (struct msghdr){.msg_name = &here, .msg_namelen = sizeof here, .msg_iov = &part, .msg_iovlen = 1};
    sendmmsg(socket(AF_INET, SOCK_DGRAM, 0), all, 2, 0);
  } else if (!strcmp(way, "names")) {
    // As some do: connected first, then plain writing.
    struct sockaddr_in server = v4("192.0.2.53", 53);
    int s = socket(AF_INET, SOCK_DGRAM, 0), length = question(text, "by-hand.example");
    if (!connect(s, (struct sockaddr *)&server, sizeof server) && write(s, text, length) == length)
      follow(text, read(s, text, sizeof text), 8080);
  } else if (!strcmp(way, "names-stream")) {
    struct sockaddr_in server = v4("192.0.2.54", 53);
    int s = socket(AF_INET, SOCK_STREAM, 0), length = question(text + 2, "by-stream.example");
    text[0] = 0, text[1] = length;
    if (!connect(s, (struct sockaddr *)&server, sizeof server) && write(s, text, length + 2) == length + 2)
      follow(text, read(s, text, sizeof text), 8081);
  } else if (!strcmp(way, "names-only")) {
    struct sockaddr_in server = v4("192.0.2.53", 53);
    int s = socket(AF_INET, SOCK_DGRAM, 0), length = question(text, "only-asked.example");
    if (sendto(s, text, length, 0, (struct sockaddr *)&server, sizeof server) == length) read(s, text, sizeof text);
  } else if (!strcmp(way, "deserter")) {
    if (!fork()) {
      setsid();
      if (!fork()) {
        printf("deserter %d\n", getpid());
        fflush(stdout);
        for (;;) pause();
      }
      _exit(0);
    }
    wait(NULL);
    for (;;) pause();
  } else if (!strcmp(way, "own")) {
    int four = own(AF_INET), six = own(AF_INET6);
    if (four || six) printf("127.0.0.1: %d, ::1: %d\n", four, six);
    return four || six;
  }
#ifdef WITH_RESOLVER
  else if (!strcmp(way, "resolver")) {
    struct addrinfo *found = NULL, hints = {.ai_socktype = SOCK_STREAM};
    if (!getaddrinfo("resolved.example", "443", &hints, &found))
      for (struct addrinfo *one = found; one; one = one->ai_next)
        connect(socket(one->ai_family, SOCK_STREAM, 0), one->ai_addr, one->ai_addrlen);
  }
#endif
  return 0;
}
