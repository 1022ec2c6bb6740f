/*
 * Mutated messages through the reader and the composer of the addon, each in a heap block of exactly its size, so that a sanitizer sees
 * every byte read or written outside. Usage: fuzz COUNT SEED FILE, the file holding messages, each with its length as 4 bytes before it,
 * after the packed header names with theirs.
 */
#include "compose.h"
#include "scan.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MESSAGES 256
#define MAX_BYTES 8192

static uint64_t state;

static uint32_t below(uint32_t limit) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return limit == 0 ? 0 : (uint32_t)(state >> 11) % limit;
}

/* Changes a message in place, by bytes of chance or bytes that mean something; returns its new length. */
static uint32_t mutate(uint8_t *bytes, uint32_t length) {
  static const char telling[] = "\r\n \t:;,<>\"\\@?=[]/%.0a~\xff";
  for (uint32_t changes = 1 + below(4); changes > 0 && length > 0; changes--) {
    uint32_t at = below(length), run = below(24);
    if (run > length - at) run = length - at;
    switch (below(5)) {
      case 0: bytes[at] = (uint8_t)below(256); break;
      case 1: bytes[at] = (uint8_t)telling[below(sizeof telling)]; break;
      case 2:
        memmove(bytes + at, bytes + at + run, length - at - run);
        length -= run;
        break;
      case 3:
        if (length + run > MAX_BYTES) break;
        memmove(bytes + at + run, bytes + at, length - at);
        length += run;
        break;
      default: length = at;
    }
  }
  return length;
}

/* Splices of chance, most of them possible: whatever comes of it, nothing outside may be touched. */
static void composed(const uint8_t *bytes, uint32_t length) {
  uint8_t inserts[64] = {0}, *target;
  int32_t splices[8 * SPLICE_INTS], count = (int32_t)below(8);
  int64_t wanted = length;
  for (int32_t i = 0; i < count; i++) {
    int32_t *splice = splices + i * SPLICE_INTS;
    splice[SPLICE_AT] = (int32_t)below(length + 2) - (int32_t)below(2);
    splice[SPLICE_DELETE] = (int32_t)below(40);
    splice[SPLICE_START] = (int32_t)below(66);
    splice[SPLICE_END] = splice[SPLICE_START] + (int32_t)below(66);
    wanted += splice[SPLICE_END] - splice[SPLICE_START] - (below(3) ? splice[SPLICE_DELETE] : 0);
  }
  if (wanted < 0) wanted = 0;
  target = malloc((size_t)wanted + 1);
  compose((Bytes){bytes, length}, 0, (int32_t)length, (Bytes){inserts, sizeof inserts}, splices, count, target, wanted);
  free(target);
}

static uint8_t *block(FILE *file, uint32_t *length) {
  if (fread(length, 4, 1, file) != 1 || *length > MAX_BYTES) return NULL;
  uint8_t *bytes = malloc(*length + 1);
  if (fread(bytes, 1, *length, file) == *length) return bytes;
  free(bytes);
  return NULL;
}

int main(int argc, char **argv) {
  static uint8_t *corpus[MAX_MESSAGES];
  uint32_t count = argc > 3 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0, lengths[MAX_MESSAGES], messages = 0, length;
  uint8_t scratch[MAX_BYTES], *names;
  int32_t index[SCAN_INTS];
  ScanRules rules;
  uint64_t read = 0;
  FILE *file = argc > 3 ? fopen(argv[3], "rb") : NULL;
  if (file == NULL || (names = block(file, &length)) == NULL || !scan_rules(&rules, names, (int32_t)length, 30, 200, 65535)) return 2;
  free(names);
  while (messages < MAX_MESSAGES && (corpus[messages] = block(file, &lengths[messages])) != NULL) messages++;
  if (messages == 0) return 2;
  state = strtoul(argv[2], NULL, 10) * 2654435761u + 1;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t which = below(messages);
    memcpy(scratch, corpus[which], lengths[which]);
    length = mutate(scratch, lengths[which]);
    uint8_t *exact = malloc(length == 0 ? 1 : length);
    memcpy(exact, scratch, length);
    scan_message(exact, 0, (int32_t)length, &rules, index);
    read += index[SCAN_READ];
    composed(exact, length);
    free(exact);
  }
  printf("%u mutated messages, %lu of them read by the addon, nothing outside of them touched\n", count, (unsigned long)read);
  return read == 0;
}
