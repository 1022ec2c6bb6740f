/* The hash of affinity/byte-hash.ts: equal in every process, because branches of one transaction must be. */
#ifndef TRIPLANE_SCAN_HASH_H
#define TRIPLANE_SCAN_HASH_H
#include <stdint.h>

typedef struct {
  uint32_t hi, lo, length;
} Hash;

static inline uint32_t rotate(uint32_t value, int bits) { return value << bits | value >> (32 - bits); }

static inline Hash hash_of(uint32_t seed) { return (Hash){0x811c9dc5u ^ seed, 0x9e3779b9u + seed * 0x85ebca6bu, 0}; }

static inline Hash hash_bytes(Hash h, const uint8_t *bytes, int32_t start, int32_t end) {
  for (int32_t i = start; i < end; i++) {
    h.hi = (h.hi ^ bytes[i]) * 0x01000193u;
    h.lo = rotate((h.lo + bytes[i]) * 0xcc9e2d51u, 15);
  }
  h.length += (uint32_t)(end - start);
  return h;
}

static inline Hash hash_number(Hash h, uint32_t value) {
  h.hi = ((h.hi ^ value) * 0x01000193u) ^ value >> 15;
  h.lo = rotate((h.lo + value) * 0x1b873593u, 13);
  h.length += 4;
  return h;
}

static inline uint32_t mixed(uint32_t h) {
  h = (h ^ h >> 16) * 0x85ebca6bu;
  h = (h ^ h >> 13) * 0xc2b2ae35u;
  return h ^ h >> 16;
}

static inline Hash hash_end(Hash h) {
  h.hi = mixed(h.hi ^ h.length);
  h.lo = mixed(h.lo + h.hi * 0x9e3779b1u);
  return h;
}

#endif
