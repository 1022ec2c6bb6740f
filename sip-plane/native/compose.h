/* Puts a datagram together from the bytes that came and the splices that were decided: what Edits.apply of sip-plane/message does. */
#ifndef TRIPLANE_COMPOSE_H
#define TRIPLANE_COMPOSE_H
#include <stdint.h>

/* Numbers of one splice: offset in the source, bytes to leave out, start and end of what comes in their place. */
enum { SPLICE_AT, SPLICE_DELETE, SPLICE_START, SPLICE_END, SPLICE_INTS };

typedef struct {
  const uint8_t *bytes;
  int64_t length;
} Bytes;

/*
 * Writes [start, end) of `source`, changed by `count` splices with their texts in `inserts`, to `target`. The splices get sorted. Returns
 * the length; -1: it is not the `length` that was promised, or something lies outside of its bytes. Writes at most `length` bytes.
 */
int64_t compose(Bytes source, int32_t start, int32_t end, Bytes inserts, int32_t *splices, int32_t count, uint8_t *target, int64_t length);

#endif
