/*
 * Batched UDP over IPv4 for Node: recvmmsg and sendmmsg on a poll handle of Node's own loop. Linux only; node:dgram does the same elsewhere.
 *
 * bind(host, port, shared) -> file descriptor
 *   A socket, IPv4 or IPv6. With `shared` others of this kind may have its address too (SO_REUSEPORT): the system gives each sender to one.
 * open(host, port, arena, slot, records, onBatch) -> handle
 *   `host` may be such a descriptor instead, which is the handle's from then on. `arena` (Buffer) receives up to BATCH datagrams, `slot` bytes apart; `records` (Uint32Array) gets length, address and port of each;
 *   then onBatch(count) is called. Datagrams of one turn that do not fit a batch come in further calls, at most TURNS of them.
 * port(handle or descriptor) -> number
 * send(handle, arena, records, count) -> how many could not be sent
 *   `records` has offset, length, address and port of each datagram; the length of those that failed is set to 0.
 * close(handle)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <node_api.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define BATCH 64
#define TURNS 4
#define SOCKET_BUFFER (4 << 20)
#define SEND_WAIT_MS 2

typedef struct {
  uv_poll_t poll;
  int fd;
  int closing;
  napi_env env;
  napi_ref on_batch, arena_ref, records_ref;
  napi_async_context context;
  uint32_t *records;
  struct sockaddr_in from[BATCH];
  struct iovec iov[BATCH];
  struct mmsghdr messages[BATCH];
} Socket;

static napi_value throw_errno(napi_env env, int error) {
  napi_throw_error(env, uv_err_name(-error), strerror(error));
  return NULL;
}

/* Runs onBatch(count) of the socket; false when it threw. */
static int call_back(Socket *s, int count) {
  napi_value callback, receiver, argument, result;
  napi_get_reference_value(s->env, s->on_batch, &callback);
  napi_get_global(s->env, &receiver);
  napi_create_int32(s->env, count, &argument);
  napi_status status = napi_make_callback(s->env, s->context, receiver, callback, 1, &argument, &result);
  if (status == napi_ok) return 1;
  bool pending = false;
  napi_is_exception_pending(s->env, &pending);
  if (pending) {
    napi_value error;
    napi_get_and_clear_last_exception(s->env, &error);
    napi_fatal_exception(s->env, error);
  }
  return 0;
}

static void readable(uv_poll_t *handle, int status, int events) {
  Socket *s = (Socket *)handle;
  if (status < 0 || !(events & UV_READABLE)) return;
  for (int turn = 0; turn < TURNS && !s->closing; turn++) {
    for (int i = 0; i < BATCH; i++) s->messages[i].msg_hdr.msg_namelen = sizeof s->from[i];
    int n = recvmmsg(s->fd, s->messages, BATCH, MSG_DONTWAIT, NULL);
    if (n <= 0) return;
    for (int i = 0; i < n; i++) {
      s->records[i * 3] = s->messages[i].msg_len;
      s->records[i * 3 + 1] = ntohl(s->from[i].sin_addr.s_addr);
      s->records[i * 3 + 2] = ntohs(s->from[i].sin_port);
    }
    napi_handle_scope scope;
    napi_open_handle_scope(s->env, &scope);
    int ok = call_back(s, n);
    napi_close_handle_scope(s->env, scope);
    if (!ok || n < BATCH) return;
  }
}

/* An address of either family; its length, or 0 when the text is none. */
static socklen_t address_of(const char *host, uint32_t port, struct sockaddr_storage *address) {
  struct sockaddr_in *four = (struct sockaddr_in *)address;
  struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
  memset(address, 0, sizeof *address);
  if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons((uint16_t)port);
    return sizeof *four;
  }
  if (inet_pton(AF_INET6, host, &six->sin6_addr) != 1) return 0;
  six->sin6_family = AF_INET6;
  six->sin6_port = htons((uint16_t)port);
  return sizeof *six;
}

static int bound_socket(const char *host, uint32_t port, bool reuse_port) {
  struct sockaddr_storage address;
  int size = SOCKET_BUFFER, one = 1, error;
  socklen_t length = address_of(host, port, &address);
  if (length == 0) return -EINVAL;
  int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  if (address.ss_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  if (reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0) goto failed;
  if (bind(fd, (struct sockaddr *)&address, length) != 0) goto failed;
  return fd;
failed:
  error = errno;
  close(fd);
  return -error;
}

static napi_value bind_socket(napi_env env, napi_callback_info info) {
  size_t argc = 3, host_length;
  napi_value args[3], result;
  char host[64];
  uint32_t port;
  bool shared;
  napi_get_cb_info(env, info, &argc, args, NULL, NULL);
  if (napi_get_value_string_utf8(env, args[0], host, sizeof host, &host_length) != napi_ok ||
      napi_get_value_uint32(env, args[1], &port) != napi_ok || napi_get_value_bool(env, args[2], &shared) != napi_ok)
    return throw_errno(env, EINVAL);
  int fd = bound_socket(host, port, shared);
  if (fd < 0) return throw_errno(env, -fd);
  napi_create_int32(env, fd, &result);
  return result;
}

/* The descriptor that stands in the place of a host, made ready for use; -1: a host stands there. */
static int inherited(napi_env env, napi_value host) {
  napi_valuetype type;
  int fd = -1;
  if (napi_typeof(env, host, &type) != napi_ok || type != napi_number) return -1;
  napi_get_value_int32(env, host, &fd);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
}

static void closed(uv_handle_t *handle) {
  Socket *s = (Socket *)handle;
  napi_handle_scope scope;
  napi_open_handle_scope(s->env, &scope);
  napi_delete_reference(s->env, s->on_batch);
  napi_delete_reference(s->env, s->arena_ref);
  napi_delete_reference(s->env, s->records_ref);
  napi_async_destroy(s->env, s->context);
  napi_close_handle_scope(s->env, scope);
  free(s);
}

static napi_value open_socket(napi_env env, napi_callback_info info) {
  size_t argc = 6, host_length, arena_bytes, records_length, offset;
  napi_value args[6], name, handle, buffer;
  char host[64];
  uint32_t port, slot;
  void *arena, *records;
  napi_typedarray_type type;
  uv_loop_t *loop;
  napi_get_cb_info(env, info, &argc, args, NULL, NULL);
  napi_get_value_uint32(env, args[1], &port);
  napi_get_value_uint32(env, args[3], &slot);
  if (napi_get_buffer_info(env, args[2], &arena, &arena_bytes) != napi_ok || arena_bytes < (size_t)slot * BATCH ||
      napi_get_typedarray_info(env, args[4], &type, &records_length, &records, &buffer, &offset) != napi_ok ||
      type != napi_uint32_array || records_length < BATCH * 3)
    return throw_errno(env, EINVAL);
  int fd = inherited(env, args[0]);
  if (fd < 0) {
    if (napi_get_value_string_utf8(env, args[0], host, sizeof host, &host_length) != napi_ok) return throw_errno(env, EINVAL);
    fd = bound_socket(host, port, false);
  }
  if (fd < 0) return throw_errno(env, -fd);
  Socket *s = calloc(1, sizeof *s);
  if (s == NULL) {
    close(fd);
    return throw_errno(env, ENOMEM);
  }
  s->fd = fd;
  s->env = env;
  s->records = records;
  for (int i = 0; i < BATCH; i++) {
    s->iov[i] = (struct iovec){(char *)arena + (size_t)i * slot, slot};
    s->messages[i].msg_hdr = (struct msghdr){.msg_name = &s->from[i], .msg_iov = &s->iov[i], .msg_iovlen = 1};
  }
  napi_create_reference(env, args[2], 1, &s->arena_ref);
  napi_create_reference(env, args[4], 1, &s->records_ref);
  napi_create_reference(env, args[5], 1, &s->on_batch);
  napi_create_string_utf8(env, "triplane:udp", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &s->context);
  napi_get_uv_event_loop(env, &loop);
  uv_poll_init(loop, &s->poll, fd);
  uv_poll_start(&s->poll, UV_READABLE, readable);
  napi_create_external(env, s, NULL, NULL, &handle);
  return handle;
}

static Socket *socket_of(napi_env env, napi_value value) {
  void *s = NULL;
  napi_get_value_external(env, value, &s);
  return s;
}

static napi_value port_of(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value args[1], result;
  napi_valuetype type;
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  int fd = -1;
  napi_get_cb_info(env, info, &argc, args, NULL, NULL);
  napi_typeof(env, args[0], &type);
  if (type == napi_number) napi_get_value_int32(env, args[0], &fd);
  else fd = socket_of(env, args[0])->fd;
  if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) return throw_errno(env, errno);
  /* Both families have the port at the same place. */
  napi_create_uint32(env, ntohs(((struct sockaddr_in *)&address)->sin_port), &result);
  return result;
}

/* Sends `count` messages; marks and counts those that fail. A full socket buffer is waited for briefly, then the rest is lost, as UDP may be. */
static uint32_t send_batch(int fd, struct mmsghdr *messages, uint32_t *records, uint32_t count) {
  uint32_t done = 0, failed = 0;
  int waited = 0;
  while (done < count) {
    int n = sendmmsg(fd, messages + done, count - done, MSG_DONTWAIT);
    if (n > 0) {
      done += (uint32_t)n;
      continue;
    }
    if (errno == EINTR) continue;
    if ((errno == EAGAIN || errno == ENOBUFS) && !waited) {
      struct pollfd p = {fd, POLLOUT, 0};
      waited = 1;
      poll(&p, 1, SEND_WAIT_MS);
      continue;
    }
    records[done * 4 + 1] = 0;
    failed++;
    done++;
  }
  return failed;
}

static napi_value send_datagrams(napi_env env, napi_callback_info info) {
  size_t argc = 4, arena_bytes, records_length, offset;
  napi_value args[4], result, buffer;
  void *arena, *data;
  napi_typedarray_type type;
  uint32_t count, failed = 0;
  struct sockaddr_in to[BATCH];
  struct iovec iov[BATCH];
  struct mmsghdr messages[BATCH];
  napi_get_cb_info(env, info, &argc, args, NULL, NULL);
  Socket *s = socket_of(env, args[0]);
  napi_get_buffer_info(env, args[1], &arena, &arena_bytes);
  napi_get_typedarray_info(env, args[2], &type, &records_length, &data, &buffer, &offset);
  napi_get_value_uint32(env, args[3], &count);
  uint32_t *records = data;
  if (s == NULL || s->closing || (size_t)count * 4 > records_length) return throw_errno(env, EINVAL);
  for (uint32_t base = 0; base < count; base += BATCH) {
    uint32_t n = count - base < BATCH ? count - base : BATCH;
    for (uint32_t i = 0; i < n; i++) {
      uint32_t *record = records + (base + i) * 4;
      if ((size_t)record[0] + record[1] > arena_bytes) return throw_errno(env, EINVAL);
      to[i] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)record[3]), .sin_addr.s_addr = htonl(record[2])};
      iov[i] = (struct iovec){(char *)arena + record[0], record[1]};
      memset(&messages[i], 0, sizeof messages[i]);
      messages[i].msg_hdr = (struct msghdr){.msg_name = &to[i], .msg_namelen = sizeof to[i], .msg_iov = &iov[i], .msg_iovlen = 1};
    }
    failed += send_batch(s->fd, messages, records + base * 4, n);
  }
  napi_create_uint32(env, failed, &result);
  return result;
}

static napi_value close_socket(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value args[1];
  napi_get_cb_info(env, info, &argc, args, NULL, NULL);
  Socket *s = socket_of(env, args[0]);
  if (s == NULL || s->closing) return NULL;
  s->closing = 1;
  uv_poll_stop(&s->poll);
  close(s->fd);
  uv_close((uv_handle_t *)&s->poll, closed);
  return NULL;
}

NAPI_MODULE_INIT() {
  const struct {
    const char *name;
    napi_callback call;
  } functions[] = {{"bind", bind_socket}, {"open", open_socket}, {"port", port_of}, {"send", send_datagrams}, {"close", close_socket}};
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].call, NULL, &function);
    napi_set_named_property(env, exports, functions[i].name, function);
  }
  return exports;
}
