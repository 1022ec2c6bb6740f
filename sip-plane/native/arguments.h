/* What JavaScript hands over, read without ever failing: what is not there is empty. */
#ifndef TRIPLANE_ARGUMENTS_H
#define TRIPLANE_ARGUMENTS_H
#include "compose.h"
#include <node_api.h>

static inline napi_value field(napi_env env, napi_value options, const char *name) {
  napi_value value = NULL;
  napi_get_named_property(env, options, name, &value);
  return value;
}

static inline uint32_t number_field(napi_env env, napi_value options, const char *name) {
  uint32_t value = 0;
  napi_get_value_uint32(env, field(env, options, name), &value);
  return value;
}

/* The bytes of a Buffer; none when it is something else. */
static inline Bytes bytes_of(napi_env env, napi_value value) {
  void *data;
  size_t length;
  bool is_buffer = false;
  napi_is_buffer(env, value, &is_buffer);
  if (!is_buffer || napi_get_buffer_info(env, value, &data, &length) != napi_ok) return (Bytes){NULL, 0};
  return (Bytes){data, (int64_t)length};
}

/* The numbers of a typed array of that type; NULL when it is something else or holds fewer than `least`. */
static inline void *numbers_of(napi_env env, napi_value value, napi_typedarray_type wanted, size_t least, size_t *length) {
  napi_typedarray_type type;
  napi_value buffer;
  size_t offset, count;
  void *data;
  if (napi_get_typedarray_info(env, value, &type, &count, &data, &buffer, &offset) != napi_ok || type != wanted || count < least) return NULL;
  if (length != NULL) *length = count;
  return data;
}

/* The text of a host; empty when it is none. */
static inline void host_of(napi_env env, napi_value value, char host[64]) {
  size_t length;
  host[0] = 0;
  napi_get_value_string_utf8(env, value, host, 64, &length);
}

#endif
