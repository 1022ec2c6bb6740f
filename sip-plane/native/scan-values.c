#include "scan-text.h"

enum { SCHEME_SIP = 1, SCHEME_SIPS = 2 }; /* as in uri-view.ts */

/* The place after a quoted string; -1: it does not end. */
static int32_t quoted(Text t, int32_t at) {
  for (int32_t i = at + 1; i < t.end; i++) {
    if (t.b[i] == '\\') i++;
    else if (t.b[i] == '"') return i + 1;
  }
  return -1;
}

static int32_t param_value(Text t, int32_t at) {
  if (byte(t, at, '"')) return quoted(t, at);
  while (is(t, at, TOKEN) || byte(t, at, ':') || byte(t, at, '[') || byte(t, at, ']')) at++;
  return at;
}

/* The host at `at`, brackets aside; the place after it, -1: there is none. */
static int32_t host(Text t, int32_t at, int32_t *start, int32_t *end) {
  if (byte(t, at, '[')) {
    *start = ++at;
    while (at < t.end && t.b[at] != ']') at++;
    *end = at;
    if (at >= t.end) return -1;
    at++;
  } else {
    *start = at;
    *end = at = skip(t, at, HOST);
  }
  return *end > *start ? at : -1;
}

static int uri_param(Text t, int32_t name, int32_t name_end, int32_t value, int32_t value_end, int32_t *uri) {
  switch (name_end - name) {
    case 1:
      if (lower(t.b[name]) == 'h') uri[URI_HINT] = value, uri[URI_HINT_END] = value_end;
      break;
    case 2:
      if (IS(t, name, name_end, "lr")) uri[URI_LOOSE] = 1;
      break;
    case 5:
      if (IS(t, name, name_end, "maddr")) uri[URI_MADDR] = value, uri[URI_MADDR_END] = value_end;
      break;
    case 9:
      if (IS(t, name, name_end, "transport")) uri[URI_TRANSPORT] = value, uri[URI_TRANSPORT_END] = value_end;
      else if (IS(t, name, name_end, "node_host") || IS(t, name, name_end, "node_port")) return 0;
  }
  return 1;
}

/* A sip or sips URI without headers and without the guides' hint. */
int read_uri(Text t, int32_t start, int32_t *uri) {
  int32_t at = start;
  clear(uri, URI_INTS);
  uri[URI_START] = start;
  uri[URI_END] = t.end;
  uri[URI_LOOSE] = 0;
  if (t.end - start < 5) return 0;
  if (IS(t, at, at + 4, "sip:")) uri[URI_SCHEME] = SCHEME_SIP, at += 4;
  else if (IS(t, at, at + 5, "sips:")) uri[URI_SCHEME] = SCHEME_SIPS, at += 5;
  else return 0;
  const uint8_t *sign = memchr(t.b + at, '@', t.end - at);
  if (sign != NULL) {
    uri[URI_USER] = at;
    uri[URI_USER_END] = (int32_t)(sign - t.b);
    at = uri[URI_USER_END] + 1;
  }
  uri[URI_HOST_PORT] = at;
  at = host(t, at, &uri[URI_HOST], &uri[URI_HOST_END]);
  if (at < 0) return 0;
  if (byte(t, at, ':')) {
    int32_t digits = at + 1;
    at = skip(t, digits, TOKEN);
    uri[URI_PORT] = (int32_t)number(t, digits, at, 65535);
    if (uri[URI_PORT] < 1) return 0;
  }
  uri[URI_HOST_PORT_END] = at;
  while (byte(t, at, ';')) {
    int32_t name = ++at, value = -1;
    while (at < t.end && t.b[at] != '=' && t.b[at] != ';' && t.b[at] != '?') at++;
    int32_t name_end = at;
    if (byte(t, at, '=')) {
      value = at + 1;
      while (at < t.end && t.b[at] != ';' && t.b[at] != '?') at++;
    }
    if (!uri_param(t, name, name_end, value, at, uri)) return 0;
  }
  return at == t.end;
}

/* From or To: one address and nothing after it. */
int read_address(Text t, int32_t at, int32_t *address) {
  clear(address, ADDRESS_INTS);
  at = skip(t, at, LWS);
  if (byte(t, at, '"')) {
    at = quoted(t, at);
    if (at < 0) return 0;
    at = skip(t, at, LWS);
    if (!byte(t, at, '<')) return 0;
  }
  int32_t start = at;
  while (is(t, at, TOKEN | LWS) || (at < t.end && t.b[at] > 127)) at++;
  if (byte(t, at, '<')) {
    start = ++at;
    if (at >= t.end || lower(t.b[at]) < 'a' || lower(t.b[at]) > 'z') return 0;
    while (at < t.end && t.b[at] != '>') {
      if ((CLASSES[t.b[at]] & LWS) || t.b[at] == '<') return 0;
      at++;
    }
    if (at >= t.end) return 0;
    address[ADDRESS_URI] = start;
    address[ADDRESS_URI_END] = at;
    at = skip(t, at + 1, LWS);
  } else if (byte(t, at, ':')) {
    at = start;
    while (at < t.end && t.b[at] != ';' && t.b[at] != ',' && !(CLASSES[t.b[at]] & LWS)) {
      if (t.b[at] == '?' || t.b[at] == '<') return 0;
      at++;
    }
    address[ADDRESS_URI] = start;
    address[ADDRESS_URI_END] = at;
    at = skip(t, at, LWS);
  } else return 0;
  while (byte(t, at, ';')) {
    int32_t name = skip(t, at + 1, LWS), name_end = skip(t, name, TOKEN);
    if (name_end == name) return 0;
    at = skip(t, name_end, LWS);
    if (!byte(t, at, '=')) continue;
    int32_t value = skip(t, at + 1, LWS), value_end = param_value(t, value);
    if (value_end < value) return 0;
    if (value_end > value && IS(t, name, name_end, "tag")) address[ADDRESS_TAG] = value, address[ADDRESS_TAG_END] = value_end;
    at = skip(t, value_end, LWS);
  }
  address[ADDRESS_VALUE_END] = at;
  return at == t.end;
}

static int via_param(Text t, int32_t name, int32_t name_end, int32_t value, int32_t value_end, int32_t *via) {
  switch (lower(t.b[name])) {
    case 'b':
      if (IS(t, name, name_end, "branch")) via[VIA_BRANCH] = value, via[VIA_BRANCH_END] = value_end;
      break;
    case 'r':
      if (IS(t, name, name_end, "rport")) {
        via[VIA_RPORT] = value < 0 ? 0 : (int32_t)number(t, value, value_end, 65535);
        via[VIA_RPORT_PARAM] = name;
        via[VIA_RPORT_PARAM_END] = value < 0 ? name_end : value_end;
        return via[VIA_RPORT] >= 0;
      }
      if (IS(t, name, name_end, "received")) {
        via[VIA_RECEIVED_PARAM] = name;
        via[VIA_RECEIVED] = value;
        via[VIA_RECEIVED_END] = value_end;
      }
      break;
    case 'm':
      if (IS(t, name, name_end, "maddr")) via[VIA_MADDR] = value, via[VIA_MADDR_END] = value_end;
      break;
    case 'i':
      if (name_end - name == 1) via[VIA_LOOP] = value, via[VIA_LOOP_END] = value_end;
      break;
    case 'o':
      if (IS(t, name, name_end, "oc") || (name_end - name > 2 && IS(t, name, name + 3, "oc-"))) via[VIA_OVERLOAD] = 1;
      if (IS(t, name, name_end, "oc")) via[VIA_OC] = value, via[VIA_OC_END] = value_end;
      else if (IS(t, name, name_end, "oc-seq")) via[VIA_OC_SEQ] = value, via[VIA_OC_SEQ_END] = value_end;
      else if (IS(t, name, name_end, "oc-validity")) via[VIA_OC_VALIDITY] = value, via[VIA_OC_VALIDITY_END] = value_end;
  }
  return 1;
}

/* The place after `SIP/2.0/` and a transport and white space; -1: something else. */
static int32_t via_protocol(Text t, int32_t at, int32_t *via) {
  if (t.end - at < 3 || !IS(t, at, at + 3, "sip")) return -1;
  at = skip(t, at + 3, LWS);
  if (!byte(t, at, '/')) return -1;
  at = skip(t, at + 1, LWS);
  if (t.end - at < 3 || !IS(t, at, at + 3, "2.0")) return -1;
  at = skip(t, at + 3, LWS);
  if (!byte(t, at, '/')) return -1;
  via[VIA_TRANSPORT] = skip(t, at + 1, LWS);
  via[VIA_TRANSPORT_END] = skip(t, via[VIA_TRANSPORT], TOKEN);
  at = skip(t, via[VIA_TRANSPORT_END], LWS);
  return via[VIA_TRANSPORT_END] == via[VIA_TRANSPORT] || at == via[VIA_TRANSPORT_END] ? -1 : at;
}

int read_via(Text t, int32_t start, int32_t *via) {
  clear(via, VIA_INTS);
  via[VIA_VALUE] = skip(t, start, LWS);
  int32_t at = via_protocol(t, via[VIA_VALUE], via);
  if (at < 0) return 0;
  via[VIA_SENT_BY] = at;
  at = host(t, at, &via[VIA_HOST], &via[VIA_HOST_END]);
  if (at < 0) return 0;
  via[VIA_SENT_BY_END] = via[VIA_VALUE_END] = at;
  at = skip(t, at, LWS);
  if (byte(t, at, ':')) {
    int32_t digits = skip(t, at + 1, LWS);
    at = skip(t, digits, TOKEN);
    via[VIA_PORT] = (int32_t)number(t, digits, at, 65535);
    if (via[VIA_PORT] < 1) return 0;
    via[VIA_SENT_BY_END] = via[VIA_VALUE_END] = at;
    at = skip(t, at, LWS);
  }
  while (at < t.end && t.b[at] == ';') {
    int32_t name = skip(t, at + 1, LWS), name_end = skip(t, name, TOKEN), value = -1, value_end = -1;
    if (name_end == name) return 0;
    via[VIA_VALUE_END] = name_end;
    at = skip(t, name_end, LWS);
    if (byte(t, at, '=')) {
      value = skip(t, at + 1, LWS);
      value_end = param_value(t, value);
      if (value_end <= value) return 0;
      via[VIA_VALUE_END] = value_end;
      at = skip(t, value_end, LWS);
    }
    if (!via_param(t, name, name_end, value, value_end, via)) return 0;
  }
  if (at >= t.end) return 1;
  if (t.b[at] != ',') return 0;
  via[VIA_NEXT] = skip(t, at + 1, LWS);
  return via[VIA_NEXT] < t.end;
}
