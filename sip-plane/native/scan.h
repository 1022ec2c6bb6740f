/*
 * Reads the plain SIP message, which nearly every message is, into an index of offsets: what sip-plane/message/message-parser.ts, the
 * reference, would write into a MessageView. Everything else (faults, folded lines, rare URIs, many headers) is left to the reference,
 * so there is one place that decides what is wrong with a message. scan-layout.ts names the same places of the index.
 */
#ifndef TRIPLANE_SCAN_H
#define TRIPLANE_SCAN_H
#include <stdint.h>

#define SCAN_NAMES 64
#define SCAN_NAME_BYTES 40
#define SCAN_KINDS 32
#define SCAN_HEADERS 28

/* Places in the index of one message; all are offsets from the front of the arena, -1: absent. */
enum {
  SCAN_READ, /* 1: the rest is meant; 0: the reference must read this one */
  SCAN_REQUEST,
  SCAN_END,
  SCAN_METHOD,
  SCAN_METHOD_END,
  SCAN_STATUS,
  SCAN_HEADERS_START,
  SCAN_BODY_START,
  SCAN_COUNT,
  SCAN_CSEQ,
  SCAN_CSEQ_METHOD,
  SCAN_CSEQ_METHOD_START,
  SCAN_CSEQ_METHOD_END,
  SCAN_MAX_FORWARDS,
  SCAN_CONTENT_LENGTH,
  SCAN_HAS_NEXT_VIA,
  SCAN_URI = 16,      /* URI_INTS of them */
  SCAN_FROM = 34,     /* ADDRESS_INTS */
  SCAN_TO = 39,       /* ADDRESS_INTS */
  SCAN_VIA = 44,      /* VIA_INTS */
  SCAN_NEXT_VIA = 76, /* VIA_INTS */
  SCAN_FIRST = 108,   /* SCAN_KINDS of them: the first header of each kind */
  SCAN_LINES = 140,   /* SCAN_HEADERS times kind, line start, value start, value end, line end */
  SCAN_HASHES = 280,  /* bits: HAS_KEY, HAS_CALL; what transaction.ts makes of the top Via and of the Call-ID */
  SCAN_KEY_HI,
  SCAN_KEY_LO,
  SCAN_CALL_HI,
  SCAN_CALL_LO,
  SCAN_INTS = 288
};

enum { HAS_KEY = 1, HAS_CALL = 2 };

enum { URI_START, URI_END, URI_SCHEME, URI_USER, URI_USER_END, URI_HOST, URI_HOST_END, URI_PORT, URI_HOST_PORT, URI_HOST_PORT_END,
       URI_LOOSE, URI_TRANSPORT, URI_TRANSPORT_END, URI_MADDR, URI_MADDR_END, URI_HINT, URI_HINT_END, URI_INTS = 18 };
enum { ADDRESS_URI, ADDRESS_URI_END, ADDRESS_TAG, ADDRESS_TAG_END, ADDRESS_VALUE_END, ADDRESS_INTS };
enum { VIA_VALUE, VIA_VALUE_END, VIA_NEXT, VIA_TRANSPORT, VIA_TRANSPORT_END, VIA_HOST, VIA_HOST_END, VIA_PORT, VIA_SENT_BY, VIA_SENT_BY_END,
       VIA_BRANCH, VIA_BRANCH_END, VIA_RECEIVED, VIA_RECEIVED_END, VIA_RECEIVED_PARAM, VIA_RPORT, VIA_RPORT_PARAM, VIA_RPORT_PARAM_END,
       VIA_MADDR, VIA_MADDR_END, VIA_LOOP, VIA_LOOP_END, VIA_OC, VIA_OC_END, VIA_OC_SEQ, VIA_OC_SEQ_END, VIA_OC_VALIDITY, VIA_OC_VALIDITY_END,
       VIA_OVERLOAD, VIA_INTS = 32 };

/* A header name in lower case and the kind that it means. */
typedef struct {
  uint8_t kind, length;
  char name[SCAN_NAME_BYTES];
} ScanName;

typedef struct {
  int32_t max_lines, max_uri, max_message;
  /* Names sorted by length; those of length n are [by_length[n], by_length[n + 1]). */
  ScanName names[SCAN_NAMES];
  uint8_t by_length[SCAN_NAME_BYTES + 1];
} ScanRules;

/* Reads `text`: pairs of kind and length as bytes, each followed by the name. 0: too many or too long. */
int scan_rules(ScanRules *rules, const uint8_t *text, int32_t length, int32_t max_lines, int32_t max_uri, int32_t max_message);

/* Reads the message at [start, end) of `bytes` into `index`; index[SCAN_READ] says whether it did. Touches no byte outside. */
void scan_message(const uint8_t *bytes, int32_t start, int32_t end, const ScanRules *rules, int32_t *index);

#endif
