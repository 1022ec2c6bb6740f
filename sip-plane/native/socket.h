/* UDP sockets of both families, and their addresses as records of numbers. */
#ifndef TRIPLANE_SOCKET_H
#define TRIPLANE_SOCKET_H
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* An address record: the length of a datagram that came from there or goes there, then the address; IPv4 stands in the first word. */
enum { RECORD_LENGTH, RECORD_PORT, RECORD_FAMILY /* 4 or 6 */, RECORD_SCOPE, RECORD_WORD, RECORD_INTS = RECORD_WORD + 4 };

union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

/* A socket that is bound to an address in numbers, IPv6 with a zone or without; a negative errno when there is none. */
int bound_socket(const char *host, uint32_t port, bool reuse_port);

/* Has errors that come by ICMP queued for next_refusal. */
void hear_of_refusals(int fd);

/* Writes port, family and address; the length stays. */
void to_record(const union address *address, uint32_t *record);

/* Returns the length of the address. */
socklen_t from_record(const uint32_t *record, union address *address);

/* The next address of the socket's errors that says by ICMP that nobody is there; 0: there is none any more. */
int next_refusal(int fd, uint32_t *record);

#endif
