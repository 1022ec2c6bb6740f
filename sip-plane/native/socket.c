#define _GNU_SOURCE
#include "socket.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKET_BUFFER (4 << 20)

static int family_of(const char *host) { return strchr(host, ':') == NULL ? AF_INET : AF_INET6; }

/* Reads an address in numbers; its length, 0: it is none. */
static socklen_t read_address(const char *host, uint32_t port, union address *address) {
  memset(address, 0, sizeof *address);
  if (family_of(host) == AF_INET) {
    address->v4.sin_family = AF_INET;
    address->v4.sin_port = htons((uint16_t)port);
    return inet_pton(AF_INET, host, &address->v4.sin_addr) == 1 ? sizeof address->v4 : 0;
  }
  char text[64];
  const char *zone = strchr(host, '%');
  size_t length = zone == NULL ? strlen(host) : (size_t)(zone - host);
  if (length >= sizeof text) return 0;
  memcpy(text, host, length);
  text[length] = 0;
  address->v6.sin6_family = AF_INET6;
  address->v6.sin6_port = htons((uint16_t)port);
  if (zone != NULL) {
    address->v6.sin6_scope_id = if_nametoindex(zone + 1);
    if (address->v6.sin6_scope_id == 0) address->v6.sin6_scope_id = (uint32_t)strtoul(zone + 1, NULL, 10);
  }
  return inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1 ? sizeof address->v6 : 0;
}

void hear_of_refusals(int fd) {
  int one = 1;
  /* The one of the other family is refused, which does not matter. */
  setsockopt(fd, IPPROTO_IP, IP_RECVERR, &one, sizeof one);
  setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &one, sizeof one);
}

int bound_socket(const char *host, uint32_t port, bool reuse_port) {
  union address address;
  socklen_t length = read_address(host, port, &address);
  int size = SOCKET_BUFFER, one = 1, family = family_of(host), error;
  if (length == 0) return -EINVAL;
  int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  hear_of_refusals(fd);
  if (reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0) goto failed;
  if (bind(fd, &address.any, length) != 0) goto failed;
  return fd;
failed:
  error = errno;
  close(fd);
  return -error;
}

void to_record(const union address *address, uint32_t *record) {
  if (address->any.sa_family == AF_INET) {
    record[RECORD_PORT] = ntohs(address->v4.sin_port);
    record[RECORD_FAMILY] = 4;
    record[RECORD_SCOPE] = 0;
    record[RECORD_WORD] = ntohl(address->v4.sin_addr.s_addr);
    return;
  }
  record[RECORD_PORT] = ntohs(address->v6.sin6_port);
  record[RECORD_FAMILY] = 6;
  record[RECORD_SCOPE] = address->v6.sin6_scope_id;
  for (int i = 0; i < 4; i++) record[RECORD_WORD + i] = ntohl(address->v6.sin6_addr.s6_addr32[i]);
}

socklen_t from_record(const uint32_t *record, union address *address) {
  if (record[RECORD_FAMILY] == 4) {
    address->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)record[RECORD_PORT])};
    address->v4.sin_addr.s_addr = htonl(record[RECORD_WORD]);
    return sizeof address->v4;
  }
  address->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)record[RECORD_PORT])};
  address->v6.sin6_scope_id = record[RECORD_SCOPE];
  for (int i = 0; i < 4; i++) address->v6.sin6_addr.s6_addr32[i] = htonl(record[RECORD_WORD + i]);
  return sizeof address->v6;
}

/* Is this an error that came by ICMP and means that nobody is there? */
static int is_refusal(const struct sock_extended_err *error) {
  if (error->ee_origin != SO_EE_ORIGIN_ICMP && error->ee_origin != SO_EE_ORIGIN_ICMP6) return 0;
  return error->ee_errno == ECONNREFUSED || error->ee_errno == EHOSTUNREACH;
}

int next_refusal(int fd, uint32_t *record) {
  union address to;
  char control[512];
  for (;;) {
    struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_control = control, .msg_controllen = sizeof control};
    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
      int is_error = (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) || (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
      if (!is_error || !is_refusal((const struct sock_extended_err *)CMSG_DATA(c))) continue;
      to_record(&to, record);
      record[RECORD_LENGTH] = 0;
      return 1;
    }
  }
}
