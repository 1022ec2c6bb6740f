#include "compose.h"
#include <string.h>

/* By offset, stable; the list is short and nearly sorted. */
static void sort(int32_t *splices, int32_t count) {
  for (int32_t i = 1; i < count; i++) {
    int32_t held[SPLICE_INTS], j = i;
    memcpy(held, splices + i * SPLICE_INTS, sizeof held);
    for (; j > 0 && splices[(j - 1) * SPLICE_INTS + SPLICE_AT] > held[SPLICE_AT]; j--)
      memcpy(splices + j * SPLICE_INTS, splices + (j - 1) * SPLICE_INTS, sizeof held);
    if (j < i) memcpy(splices + j * SPLICE_INTS, held, sizeof held);
  }
}

/* Appends [start, end) of `from`; 0: it lies outside, or there is no room. */
static int append(Bytes from, int64_t start, int64_t end, uint8_t *target, int64_t *at, int64_t length) {
  if (end <= start) return 1;
  if (start < 0 || end > from.length || end - start > length - *at) return 0;
  memcpy(target + *at, from.bytes + start, (size_t)(end - start));
  *at += end - start;
  return 1;
}

int64_t compose(Bytes source, int32_t start, int32_t end, Bytes inserts, int32_t *splices, int32_t count, uint8_t *target, int64_t length) {
  int64_t from = start, at = 0;
  sort(splices, count);
  for (int32_t i = 0; i < count; i++) {
    const int32_t *splice = splices + i * SPLICE_INTS;
    int64_t next = (int64_t)splice[SPLICE_AT] + splice[SPLICE_DELETE];
    if (!append(source, from, splice[SPLICE_AT], target, &at, length)) return -1;
    if (!append(inserts, splice[SPLICE_START], splice[SPLICE_END], target, &at, length)) return -1;
    if (next > from) from = next;
  }
  if (!append(source, from, end, target, &at, length)) return -1;
  return at == length ? at : -1;
}
