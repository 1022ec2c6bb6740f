/* Byte classes and small readers over a part of a message; for scan.c and scan-values.c. */
#ifndef TRIPLANE_SCAN_TEXT_H
#define TRIPLANE_SCAN_TEXT_H
#include "scan.h"
#include <string.h>

#define TOKEN 1
#define LWS 2
#define HOST 4
#define DIGIT 8

#define T TOKEN
#define H TOKEN | HOST
#define N TOKEN | HOST | DIGIT
static const uint8_t CLASSES[256] = {
    ['\t'] = LWS, ['\r'] = LWS, ['\n'] = LWS, [' '] = LWS, ['!'] = T, ['%'] = T, ['\''] = T, ['*'] = T, ['+'] = T, ['-'] = H,
    ['.'] = H, ['0' ... '9'] = N, ['A' ... 'Z'] = H, ['_'] = H, ['`'] = T, ['a' ... 'z'] = H, ['~'] = T};
#undef T
#undef H
#undef N

/* What is being read: the bytes, and where the part at hand ends. */
typedef struct {
  const uint8_t *b;
  int32_t end;
} Text;

static inline int is(Text t, int32_t at, int class) { return at < t.end && (CLASSES[t.b[at]] & class); }
static inline int byte(Text t, int32_t at, int wanted) { return at < t.end && t.b[at] == wanted; }
static inline int lower(int c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }

static inline int32_t skip(Text t, int32_t at, int class) {
  while (is(t, at, class)) at++;
  return at;
}

static inline int same(Text t, int32_t start, int32_t end, const char *name, int32_t length) {
  if (end - start != length) return 0;
  for (int32_t i = 0; i < length; i++)
    if (lower(t.b[start + i]) != name[i]) return 0;
  return 1;
}
#define IS(t, start, end, name) same(t, start, end, name, sizeof name - 1)

/* A number of digits only; -1: it is none, or one above `most`. */
static inline int64_t number(Text t, int32_t start, int32_t end, int64_t most) {
  int64_t value = 0;
  if (start >= end) return -1;
  for (int32_t i = start; i < end; i++) {
    if (!(CLASSES[t.b[i]] & DIGIT)) return -1;
    value = value * 10 + (t.b[i] - '0');
    if (value > most) return -1;
  }
  return value;
}

static inline void clear(int32_t *part, int count) { memset(part, 0xff, count * sizeof *part); }

/* These read one value each, up to t.end, into its part of the index; 0: it is not a plain one. */
int read_uri(Text t, int32_t start, int32_t *uri);
int read_address(Text t, int32_t start, int32_t *address);
int read_via(Text t, int32_t start, int32_t *via);

#endif
