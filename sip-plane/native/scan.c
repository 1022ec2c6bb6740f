#include "scan-hash.h"
#include "scan-text.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* As in header-names.ts; the order of the methods is that of method.ts. */
enum { KIND_VIA = 1, KIND_TO = 5, KIND_FROM = 6, KIND_CALL_ID = 7, KIND_CSEQ = 8, KIND_CONTENT_LENGTH = 9, KIND_MAX_FORWARDS = 4 };

static const char *const METHODS[] = {"",          "INVITE", "ACK",     "CANCEL", "BYE",   "OPTIONS", "REGISTER", "PRACK",
                                      "SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO",   "REFER", "MESSAGE", "UPDATE"};

static int method(Text t, int32_t start, int32_t end) {
  for (int code = 1; code < (int)(sizeof METHODS / sizeof *METHODS); code++) {
    const char *name = METHODS[code];
    if (name[0] == t.b[start] && strlen(name) == (size_t)(end - start) && memcmp(name, t.b + start, end - start) == 0) return code;
  }
  return 0;
}

/* The first CR or LF at or after `at`; t.end: none. */
static int32_t line_break(Text t, int32_t at) {
#ifdef __SSE2__
  const __m128i cr = _mm_set1_epi8('\r'), lf = _mm_set1_epi8('\n');
  for (; at + 16 <= t.end; at += 16) {
    __m128i some = _mm_loadu_si128((const __m128i *)(t.b + at));
    int mask = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(some, cr), _mm_cmpeq_epi8(some, lf)));
    if (mask) return at + __builtin_ctz(mask);
  }
#endif
  while (at < t.end && t.b[at] != '\r' && t.b[at] != '\n') at++;
  return at;
}

static int kind_of(Text t, int32_t start, int32_t end, const ScanRules *rules) {
  int32_t length = end - start;
  if (length >= SCAN_NAME_BYTES) return 0;
  int first = lower(t.b[start]);
  for (int i = rules->by_length[length]; i < rules->by_length[length + 1]; i++) {
    const ScanName *name = &rules->names[i];
    if (name->name[0] == first && same(t, start, end, name->name, length)) return name->kind;
  }
  return 0;
}

/* The place after the start line; -1: not a plain one. */
static int32_t start_line(Text t, int32_t start, const ScanRules *rules, int32_t *index) {
  int32_t line = line_break(t, start);
  if (line + 1 >= t.end || t.b[line] != '\r' || t.b[line + 1] != '\n' || line - start < 11) return -1;
  Text l = {t.b, line};
  if (IS(l, start, start + 4, "sip/")) {
    if (!IS(l, start + 4, start + 8, "2.0 ")) return -1;
    index[SCAN_STATUS] = (int32_t)number(l, start + 8, start + 11, 699);
    if (index[SCAN_STATUS] < 100 || (line > start + 11 && t.b[start + 11] != ' ')) return -1;
    return line + 2;
  }
  int32_t end = skip(l, start, TOKEN), uri = end + 1, uri_end = uri;
  if (end == start || !byte(l, end, ' ')) return -1;
  while (uri_end < line && t.b[uri_end] != ' ') uri_end++;
  if (line - uri_end != 8 || !IS(l, uri_end + 1, line, "sip/2.0") || uri_end - uri > rules->max_uri) return -1;
  index[SCAN_REQUEST] = 1;
  index[SCAN_METHOD] = method(l, start, end);
  index[SCAN_METHOD_END] = end;
  if (index[SCAN_METHOD] == 0 || !read_uri((Text){t.b, uri_end}, uri, index + SCAN_URI)) return -1;
  return line + 2;
}

/* Lists the headers that matter; the place after the empty line, -1: not plain. */
static int32_t headers(Text t, int32_t at, const ScanRules *rules, int32_t *index) {
  int32_t count = 0;
  for (int32_t lines = 0;; lines++) {
    if (byte(t, at, '\r')) {
      index[SCAN_COUNT] = count;
      return byte(t, at + 1, '\n') ? at + 2 : -1;
    }
    int32_t start = at, name_end = skip(t, at, TOKEN), colon = name_end;
    while (byte(t, colon, ' ') || byte(t, colon, '\t')) colon++;
    if (name_end == start || !byte(t, colon, ':') || lines >= rules->max_lines) return -1;
    at = line_break(t, colon + 1);
    /* A line that goes on in the next one is not plain. */
    if (at + 2 >= t.end || t.b[at] != '\r' || t.b[at + 1] != '\n' || t.b[at + 2] == ' ' || t.b[at + 2] == '\t') return -1;
    int kind = kind_of(t, start, name_end, rules);
    if (kind != 0) {
      if (count >= SCAN_HEADERS || kind >= SCAN_KINDS) return -1;
      int32_t *line = index + SCAN_LINES + count * 5, value_end = at;
      line[0] = kind;
      line[1] = start;
      line[2] = skip((Text){t.b, at}, colon + 1, LWS);
      while (value_end > line[2] && (CLASSES[t.b[value_end - 1]] & LWS)) value_end--;
      line[3] = value_end;
      line[4] = at + 2;
      if (index[SCAN_FIRST + kind] < 0) index[SCAN_FIRST + kind] = count;
      count++;
    }
    at += 2;
  }
}

/* The only header of a kind; NULL: none or several. */
static const int32_t *only(const int32_t *index, int kind) {
  int32_t first = index[SCAN_FIRST + kind];
  if (first < 0) return NULL;
  for (int32_t i = first + 1; i < index[SCAN_COUNT]; i++)
    if (index[SCAN_LINES + i * 5] == kind) return NULL;
  return index + SCAN_LINES + first * 5;
}

static int content_length(Text t, int32_t *index) {
  if (index[SCAN_FIRST + KIND_CONTENT_LENGTH] < 0) return 1;
  const int32_t *line = only(index, KIND_CONTENT_LENGTH);
  if (line == NULL) return 0;
  index[SCAN_CONTENT_LENGTH] = (int32_t)number(t, line[2], line[3], 65535);
  index[SCAN_END] = index[SCAN_BODY_START] + index[SCAN_CONTENT_LENGTH];
  return index[SCAN_CONTENT_LENGTH] >= 0 && index[SCAN_END] <= t.end;
}

static int cseq(Text t, int32_t *index) {
  const int32_t *line = only(index, KIND_CSEQ);
  if (line == NULL) return 0;
  Text value = {t.b, line[3]};
  int32_t digits = skip(value, line[2], DIGIT), start = skip(value, digits, LWS);
  int64_t count = number(value, line[2], digits, 0xffffffff);
  if (count < 0 || start == digits || start >= value.end || skip(value, start, TOKEN) != value.end) return 0;
  index[SCAN_CSEQ] = (int32_t)(uint32_t)count;
  index[SCAN_CSEQ_METHOD] = method(value, start, value.end);
  index[SCAN_CSEQ_METHOD_START] = start;
  index[SCAN_CSEQ_METHOD_END] = value.end;
  return !index[SCAN_REQUEST] || index[SCAN_CSEQ_METHOD] == index[SCAN_METHOD];
}

static int call_id(Text t, const int32_t *index) {
  const int32_t *line = only(index, KIND_CALL_ID);
  if (line == NULL || line[2] == line[3]) return 0;
  for (int32_t at = line[2]; at < line[3]; at++)
    if (CLASSES[t.b[at]] & LWS) return 0;
  return 1;
}

static int addresses(Text t, int32_t *index) {
  const int32_t *from = only(index, KIND_FROM), *to = only(index, KIND_TO);
  return from != NULL && to != NULL && read_address((Text){t.b, from[3]}, from[2], index + SCAN_FROM) &&
         read_address((Text){t.b, to[3]}, to[2], index + SCAN_TO);
}

static int max_forwards(Text t, int32_t *index) {
  if (index[SCAN_FIRST + KIND_MAX_FORWARDS] < 0) return 1;
  const int32_t *line = only(index, KIND_MAX_FORWARDS);
  if (line == NULL) return 0;
  index[SCAN_MAX_FORWARDS] = (int32_t)number(t, line[2], line[3], 255);
  return 1;
}

/* The Via under the top one, which a response is sent by. */
static void next_via(Text t, int32_t *index) {
  int32_t top = index[SCAN_FIRST + KIND_VIA], start = index[SCAN_VIA + VIA_NEXT];
  const int32_t *line = index + SCAN_LINES + top * 5;
  if (start < 0) {
    int32_t i = top + 1;
    while (i < index[SCAN_COUNT] && index[SCAN_LINES + i * 5] != KIND_VIA) i++;
    if (i >= index[SCAN_COUNT]) return;
    line = index + SCAN_LINES + i * 5;
    start = line[2];
  }
  index[SCAN_HAS_NEXT_VIA] = read_via((Text){t.b, line[3]}, start, index + SCAN_NEXT_VIA);
}

/* What the tables of the routing are asked by, as transaction.ts makes it. */
static void hashes(Text t, int32_t *index) {
  enum { TRANSACTION_SEED = 1, CALL_SEED = 5 };
  static const char cookie[] = "z9hG4bK";
  const int32_t *via = index + SCAN_VIA;
  int32_t branch = via[VIA_BRANCH], branch_end = via[VIA_BRANCH_END], call = index[SCAN_FIRST + KIND_CALL_ID];
  index[SCAN_HASHES] = 0;
  if (index[SCAN_REQUEST] && branch >= 0 && branch_end - branch >= (int32_t)sizeof cookie && memcmp(t.b + branch, cookie, sizeof cookie - 1) == 0) {
    Hash key = hash_number(hash_bytes(hash_of(TRANSACTION_SEED), t.b, branch, branch_end), 0);
    key = hash_end(hash_bytes(key, t.b, via[VIA_SENT_BY], via[VIA_SENT_BY_END]));
    index[SCAN_KEY_HI] = (int32_t)key.hi;
    index[SCAN_KEY_LO] = (int32_t)key.lo;
    index[SCAN_HASHES] |= HAS_KEY;
  }
  if (call >= 0) {
    const int32_t *line = index + SCAN_LINES + call * 5;
    Hash id = hash_end(hash_bytes(hash_of(CALL_SEED), t.b, line[2], line[3]));
    index[SCAN_CALL_HI] = (int32_t)id.hi;
    index[SCAN_CALL_LO] = (int32_t)id.lo;
    index[SCAN_HASHES] |= HAS_CALL;
  }
}

void scan_message(const uint8_t *bytes, int32_t start, int32_t end, const ScanRules *rules, int32_t *index) {
  Text t = {bytes, end};
  index[SCAN_READ] = 0;
  if (end - start > rules->max_message) return;
  index[SCAN_REQUEST] = index[SCAN_METHOD] = index[SCAN_METHOD_END] = index[SCAN_STATUS] = index[SCAN_HAS_NEXT_VIA] = 0;
  index[SCAN_MAX_FORWARDS] = index[SCAN_CONTENT_LENGTH] = -1;
  index[SCAN_END] = end;
  clear(index + SCAN_FIRST, SCAN_KINDS);
  index[SCAN_HEADERS_START] = start_line(t, start, rules, index);
  if (index[SCAN_HEADERS_START] < 0) return;
  index[SCAN_BODY_START] = headers(t, index[SCAN_HEADERS_START], rules, index);
  if (index[SCAN_BODY_START] < 0) return;
  int32_t via = index[SCAN_FIRST + KIND_VIA];
  if (via < 0) return;
  const int32_t *line = index + SCAN_LINES + via * 5;
  if (!read_via((Text){bytes, line[3]}, line[2], index + SCAN_VIA) || !content_length(t, index) || !cseq(t, index)) return;
  if (!index[SCAN_REQUEST]) next_via(t, index);
  else if (!addresses(t, index) || !call_id(t, index) || !max_forwards(t, index)) return;
  hashes(t, index);
  index[SCAN_READ] = 1;
}

int scan_rules(ScanRules *rules, const uint8_t *text, int32_t length, int32_t max_lines, int32_t max_uri, int32_t max_message) {
  int count = 0;
  memset(rules, 0, sizeof *rules);
  rules->max_lines = max_lines;
  rules->max_uri = max_uri;
  rules->max_message = max_message;
  for (int32_t wanted = 0; wanted < SCAN_NAME_BYTES; wanted++) {
    rules->by_length[wanted] = (uint8_t)count;
    for (int32_t at = 0; at + 2 <= length; at += 2 + text[at + 1]) {
      if (text[at + 1] >= SCAN_NAME_BYTES || at + 2 + text[at + 1] > length) return 0;
      if (text[at + 1] != wanted) continue;
      if (count == SCAN_NAMES) return 0;
      ScanName *name = &rules->names[count++];
      name->kind = text[at];
      name->length = text[at + 1];
      memcpy(name->name, text + at + 2, name->length);
    }
  }
  rules->by_length[SCAN_NAME_BYTES] = (uint8_t)count;
  return 1;
}
