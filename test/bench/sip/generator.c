/*
 * Closed-loop SIP load over UDP on loopback: INVITEs to a proxy, and the node behind it that answers each with 200.
 * Usage: generator PROXY_PORT NODE_PORT WINDOW SECONDS RATE [HOST_OF_REQUEST_URI]
 *   WINDOW: INVITEs in flight at most; RATE: INVITEs a second, 0: as fast as answers come.
 * Prints one line of JSON.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define MAX_MESSAGE 4096
#define SLOTS 65536
#define MARK "z9hG4bKbench"
#define HISTOGRAM 1000000
#define BODY \
    "v=0\r\no=user1 53655765 2353687637 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" \
    "m=audio 6000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\r\n"

static char in[BATCH][MAX_MESSAGE], out[BATCH][MAX_MESSAGE];
static struct sockaddr_in from[BATCH];
static struct iovec in_iov[BATCH], out_iov[BATCH];
static struct mmsghdr in_msg[BATCH], out_msg[BATCH];
static uint64_t sent_at[SLOTS];
static uint32_t histogram[HISTOGRAM]; /* by microsecond */

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int udp(int port) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), size = 8 << 20;
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0) {
    perror("bind");
    exit(1);
  }
  return fd;
}

static int port_of(int fd) {
  struct sockaddr_in a;
  socklen_t n = sizeof a;
  getsockname(fd, (struct sockaddr *)&a, &n);
  return ntohs(a.sin_port);
}

static int receive(int fd) {
  for (int i = 0; i < BATCH; i++) {
    in_iov[i] = (struct iovec){in[i], MAX_MESSAGE - 1};
    in_msg[i].msg_hdr = (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &in_iov[i], .msg_iovlen = 1};
  }
  return recvmmsg(fd, in_msg, BATCH, MSG_DONTWAIT, NULL);
}

static void send_all(int fd, int count) {
  for (int done = 0; done < count;) {
    int n = sendmmsg(fd, out_msg + done, count - done, 0);
    if (n > 0) done += n;
    else {
      struct pollfd p = {fd, POLLOUT, 0};
      poll(&p, 1, 10);
    }
  }
}

static void put(int i, size_t length, struct sockaddr_in *to) {
  out_iov[i] = (struct iovec){out[i], length};
  out_msg[i].msg_hdr = (struct msghdr){.msg_name = to, .msg_namelen = sizeof *to, .msg_iov = &out_iov[i], .msg_iovlen = 1};
}

/* Answers what came to the node: the same headers, without body. */
static void serve(int fd) {
  int n = receive(fd), replies = 0;
  for (int i = 0; i < n; i++) {
    char *text = in[i];
    text[in_msg[i].msg_len] = 0;
    char *headers = strstr(text, "\r\n"), *end = strstr(text, "\r\nContent-Type");
    if (!headers || !end || memcmp(text, "INVITE", 6) != 0) continue;
    int head = sprintf(out[replies], "SIP/2.0 200 OK");
    memcpy(out[replies] + head, headers, end - headers);
    size_t length = head + (end - headers);
    length += sprintf(out[replies] + length, "\r\nContent-Length: 0\r\n\r\n");
    put(replies, length, &from[i]);
    replies++;
  }
  send_all(fd, replies);
}

static const char *TEMPLATE =
    "INVITE sip:service@%s SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:%d;branch=" MARK "%08u;rport\r\n"
    "From: \"Generator\" <sip:generator@127.0.0.1:%d>;tag=%08u\r\n"
    "To: <sip:service@example.com>\r\n"
    "Call-ID: %08u-bench@127.0.0.1\r\n"
    "CSeq: 1 INVITE\r\n"
    "Contact: <sip:generator@127.0.0.1:%d>\r\n"
    "Max-Forwards: 70\r\n"
    "User-Agent: bench\r\n"
    "Content-Type: application/sdp\r\n"
    "Content-Length: %zu\r\n\r\n"
    BODY;

static uint32_t percentile(uint64_t total, double share) {
  uint64_t seen = 0;
  for (uint32_t us = 0; us < HISTOGRAM; us++) {
    seen += histogram[us];
    if (seen >= total * share) return us;
  }
  return HISTOGRAM;
}

int main(int argc, char **argv) {
  if (argc < 6 || argc > 7 || (argc == 7 && strlen(argv[6]) > 64))
    return fprintf(stderr, "usage: generator PROXY_PORT NODE_PORT WINDOW SECONDS RATE [HOST_OF_REQUEST_URI]\n"), 2;
  const char *host = argc == 7 ? argv[6] : "example.com";
  int window = atoi(argv[3]), node = udp(atoi(argv[2])), client = udp(0), port = port_of(client);
  double seconds = atof(argv[4]), rate = atof(argv[5]);
  struct sockaddr_in proxy = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  uint64_t start = now_ns(), end = start + (uint64_t)(seconds * 1e9), progress = start;
  uint64_t sent = 0, answered = 0, lost = 0;
  uint32_t serial = (uint32_t)getpid() % 1000 * 10000;
  long flying = 0;
  size_t size = 0;
  for (uint64_t t = start; t < end; t = now_ns()) {
    long room = window - flying;
    if (rate > 0) {
      long due = (long)((t - start) / 1e9 * rate) - (long)sent;
      if (due < room) room = due;
    }
    while (room > 0) {
      int n = room < BATCH ? (int)room : BATCH;
      for (int i = 0; i < n; i++) {
        uint32_t id = serial++;
        size = sprintf(out[i], TEMPLATE, host, port, id, port, id, id, port, sizeof BODY - 1);
        put(i, size, &proxy);
        sent_at[id % SLOTS] = t;
      }
      send_all(client, n);
      sent += n, flying += n, room -= n;
    }
    struct pollfd polls[2] = {{client, POLLIN, 0}, {node, POLLIN, 0}};
    if (rate > 0) {
      struct timespec wait = {0, 50000};
      ppoll(polls, 2, &wait, NULL);
    } else poll(polls, 2, 5);
    if (polls[1].revents & POLLIN) serve(node);
    if (polls[0].revents & POLLIN) {
      int n = receive(client);
      uint64_t came = now_ns();
      for (int i = 0; i < n; i++) {
        char *mark = memmem(in[i], in_msg[i].msg_len, MARK, sizeof MARK - 1);
        if (!mark || memcmp(in[i], "SIP/2.0 200", 11) != 0) continue;
        uint64_t us = (came - sent_at[strtoul(mark + sizeof MARK - 1, NULL, 10) % SLOTS]) / 1000;
        histogram[us < HISTOGRAM ? us : HISTOGRAM - 1]++;
        answered++, flying--, progress = came;
      }
    }
    if (now_ns() - progress > 200000000u && flying > 0) lost += flying, flying = 0, progress = now_ns();
  }
  printf("{\"sent\":%lu,\"answered\":%lu,\"lost\":%lu,\"perSecond\":%.0f,\"p50Us\":%u,\"p99Us\":%u,\"inviteBytes\":%zu}\n", sent, answered, lost,
         answered / seconds, percentile(answered, 0.5), percentile(answered, 0.99), size);
  return 0;
}
