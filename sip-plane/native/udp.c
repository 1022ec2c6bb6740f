/*
 * Batched UDP for Node: recvmmsg and sendmmsg on a poll handle of Node's own loop. Linux only; node:dgram does the same elsewhere.
 *
 * bind(host, port, shared) -> file descriptor
 *   A socket, IPv4 or IPv6. With `shared` others of this kind may have its address too (SO_REUSEPORT): the system gives each sender to one.
 * open({host, port, inherited, arena, slotBytes, records, indexes, names, maxHeaders, maxUriBytes, maxMessageBytes, onBatch, onRefused})
 *   `inherited`: such a descriptor, which is the handle's from then on; host and port say nothing then. `arena` (Buffer) receives up to BATCH datagrams, `slotBytes` apart; `records` (Uint32Array) gets an address record of each, with its
 *   length; `indexes` (Int32Array) what scan.h says of each, when `names` are given; then onBatch(count) is called. Datagrams of one turn
 *   that do not fit a batch come in further calls, at most TURNS of them. onRefused(count): so many addresses in `records` refuse.
 * port(handle or descriptor) -> number
 * send(handle, out, queue, count, source, inserts, splices) -> how many could not be sent
 *   `queue` (Uint32Array) has QUEUE_INTS of each datagram: its address record (the length is of the datagram), where it stands in `out`, and
 *   with QUEUE_COMPOSED set the range of `source` and of the splices that it is first to be put together from (compose.h). The length of
 *   those that failed is set to 0.
 * close(handle)
 */
#define _GNU_SOURCE
#include "arguments.h"
#include "scan.h"
#include "socket.h"
#include <errno.h>
#include <fcntl.h>
#include <node_api.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define BATCH 64
#define TURNS 4
#define SEND_WAIT_MS 2
/* A busy socket of which a turn gets fewer is polled for again. */
#define BUSY_LEAST 16
#define MAX_REFUSED 32

/* Of a queued datagram, after its address record. */
enum { QUEUE_OFFSET = RECORD_INTS, QUEUE_COMPOSED, QUEUE_START, QUEUE_END, QUEUE_FIRST_SPLICE, QUEUE_SPLICES, QUEUE_INTS = 16 };

/*
 * A socket that fills its batches is taken out of the poll set and read in every turn of the loop until it does not: while it is in there,
 * the kernel walks to the set for each datagram that comes, and for each that leaves.
 */
typedef struct {
  uv_poll_t poll;
  uv_idle_t idle;
  int fd, closing, open_handles;
  napi_env env;
  napi_ref on_batch, on_refused, arena_ref, records_ref, indexes_ref;
  napi_async_context context;
  const uint8_t *arena;
  uint32_t slot, *records;
  int32_t *indexes;
  /* NULL: datagrams are not read. */
  ScanRules *rules;
  union address from[BATCH];
  struct iovec iov[BATCH];
  struct mmsghdr messages[BATCH];
} Socket;

static napi_value throw_errno(napi_env env, int error) {
  napi_throw_error(env, uv_err_name(-error), strerror(error));
  return NULL;
}

/* Runs a callback of the socket with a count; false when it threw. */
static int call_back(Socket *s, napi_ref which, int count) {
  napi_handle_scope scope;
  napi_value callback, receiver, argument, result;
  napi_open_handle_scope(s->env, &scope);
  napi_get_reference_value(s->env, which, &callback);
  napi_get_global(s->env, &receiver);
  napi_create_int32(s->env, count, &argument);
  napi_status status = napi_make_callback(s->env, s->context, receiver, callback, 1, &argument, &result);
  bool pending = false;
  if (status != napi_ok) napi_is_exception_pending(s->env, &pending);
  if (pending) {
    napi_value error;
    napi_get_and_clear_last_exception(s->env, &error);
    napi_fatal_exception(s->env, error);
  }
  napi_close_handle_scope(s->env, scope);
  return status == napi_ok;
}

/* Tells of the addresses that answered with ICMP that nobody is there. */
static void refusals(Socket *s) {
  int count = 0;
  while (count < MAX_REFUSED && next_refusal(s->fd, s->records + count * RECORD_INTS)) count++;
  if (count > 0) call_back(s, s->on_refused, count);
}

static int receive(Socket *s) {
  for (int i = 0; i < BATCH; i++) s->messages[i].msg_hdr.msg_namelen = sizeof s->from[i];
  int n = recvmmsg(s->fd, s->messages, BATCH, MSG_DONTWAIT, NULL);
  /* The error of an earlier datagram is told once, here or there, and says nothing about this call. */
  return n < 0 && errno != EAGAIN ? recvmmsg(s->fd, s->messages, BATCH, MSG_DONTWAIT, NULL) : n;
}

/* Receives and hands over at most TURNS batches; returns the size of the last, -1: the socket is not to be touched any more. */
static int receive_turns(Socket *s) {
  int n = 0;
  for (int turn = 0; turn < TURNS && !s->closing; turn++) {
    n = receive(s);
    if (n <= 0) break;
    for (int i = 0; i < n; i++) {
      int32_t start = (int32_t)(i * s->slot), length = (int32_t)s->messages[i].msg_len;
      to_record(&s->from[i], s->records + i * RECORD_INTS);
      s->records[i * RECORD_INTS] = (uint32_t)length;
      if (s->rules != NULL) scan_message(s->arena, start, start + length, s->rules, s->indexes + i * SCAN_INTS);
    }
    if (!call_back(s, s->on_batch, n) || n < BATCH) break;
  }
  return s->closing ? -1 : n;
}

static void readable(uv_poll_t *handle, int status, int events);

static void again(uv_idle_t *handle) {
  Socket *s = handle->data;
  int last = receive_turns(s);
  if (s->closing || last >= BUSY_LEAST) return;
  uv_idle_stop(&s->idle);
  uv_poll_start(&s->poll, UV_READABLE, readable);
}

static void readable(uv_poll_t *handle, int status, int events) {
  Socket *s = handle->data;
  if (status < 0) {
    /* libuv stops polling when there are errors to be read. */
    refusals(s);
    if (s->closing) return;
    uv_poll_start(&s->poll, UV_READABLE, readable);
  } else if (!(events & UV_READABLE)) return;
  if (receive_turns(s) < BATCH) return;
  uv_poll_stop(&s->poll);
  uv_idle_start(&s->idle, again);
}

static void forget(Socket *s, napi_ref ref) {
  if (ref != NULL) napi_delete_reference(s->env, ref);
}

static void closed(uv_handle_t *handle) {
  Socket *s = handle->data;
  napi_handle_scope scope;
  if (--s->open_handles > 0) return;
  napi_open_handle_scope(s->env, &scope);
  forget(s, s->on_batch);
  forget(s, s->on_refused);
  forget(s, s->arena_ref);
  forget(s, s->records_ref);
  forget(s, s->indexes_ref);
  napi_async_destroy(s->env, s->context);
  napi_close_handle_scope(s->env, scope);
  free(s->rules);
  free(s);
}

static ScanRules *rules_of(napi_env env, napi_value options) {
  Bytes names = bytes_of(env, field(env, options, "names"));
  ScanRules *rules = names.bytes == NULL ? NULL : malloc(sizeof *rules);
  if (rules == NULL) return NULL;
  int32_t lines = (int32_t)number_field(env, options, "maxHeaders"), uri = (int32_t)number_field(env, options, "maxUriBytes");
  if (scan_rules(rules, names.bytes, (int32_t)names.length, lines, uri, (int32_t)number_field(env, options, "maxMessageBytes"))) return rules;
  free(rules);
  return NULL;
}

/* Starts polling; everything that the socket points to is kept alive by references. */
static void start(napi_env env, Socket *s, napi_value options) {
  napi_value name;
  uv_loop_t *loop;
  for (int i = 0; i < BATCH; i++) {
    s->iov[i] = (struct iovec){(void *)(s->arena + (size_t)i * s->slot), s->slot};
    s->messages[i].msg_hdr = (struct msghdr){.msg_name = &s->from[i], .msg_iov = &s->iov[i], .msg_iovlen = 1};
  }
  napi_create_reference(env, field(env, options, "arena"), 1, &s->arena_ref);
  napi_create_reference(env, field(env, options, "records"), 1, &s->records_ref);
  napi_create_reference(env, field(env, options, "indexes"), 1, &s->indexes_ref);
  napi_create_reference(env, field(env, options, "onBatch"), 1, &s->on_batch);
  napi_create_reference(env, field(env, options, "onRefused"), 1, &s->on_refused);
  napi_create_string_utf8(env, "triplane:udp", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &s->context);
  napi_get_uv_event_loop(env, &loop);
  uv_poll_init(loop, &s->poll, s->fd);
  uv_idle_init(loop, &s->idle);
  s->poll.data = s->idle.data = s;
  s->open_handles = 2;
  uv_poll_start(&s->poll, UV_READABLE, readable);
}

static napi_value bind_socket(napi_env env, napi_callback_info info) {
  size_t argc = 3;
  napi_value args[3], result;
  char host[64];
  uint32_t port;
  bool shared;
  napi_get_cb_info(env, info, &argc, args, NULL, NULL);
  host_of(env, args[0], host);
  if (napi_get_value_uint32(env, args[1], &port) != napi_ok || napi_get_value_bool(env, args[2], &shared) != napi_ok)
    return throw_errno(env, EINVAL);
  int fd = bound_socket(host, port, shared);
  if (fd < 0) return throw_errno(env, -fd);
  napi_create_int32(env, fd, &result);
  return result;
}

/* The descriptor to use: the inherited one, made ready, or a new one; a negative errno when there is none. */
static int descriptor_of(napi_env env, napi_value options) {
  char host[64];
  int fd = -1;
  if (napi_get_value_int32(env, field(env, options, "inherited"), &fd) == napi_ok && fd >= 0) {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    hear_of_refusals(fd);
    return fd;
  }
  host_of(env, field(env, options, "host"), host);
  return bound_socket(host, number_field(env, options, "port"), false);
}

static napi_value open_socket(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value options, handle;
  napi_get_cb_info(env, info, &argc, &options, NULL, NULL);
  Bytes arena = bytes_of(env, field(env, options, "arena"));
  uint32_t slot = number_field(env, options, "slotBytes");
  uint32_t *records = numbers_of(env, field(env, options, "records"), napi_uint32_array, BATCH * RECORD_INTS, NULL);
  int32_t *indexes = numbers_of(env, field(env, options, "indexes"), napi_int32_array, BATCH * SCAN_INTS, NULL);
  if (slot == 0 || arena.length < (int64_t)slot * BATCH || records == NULL || indexes == NULL) return throw_errno(env, EINVAL);
  int fd = descriptor_of(env, options);
  if (fd < 0) return throw_errno(env, -fd);
  Socket *s = calloc(1, sizeof *s);
  if (s == NULL) {
    close(fd);
    return throw_errno(env, ENOMEM);
  }
  *s = (Socket){.fd = fd, .env = env, .arena = arena.bytes, .slot = slot, .records = records, .indexes = indexes};
  s->rules = rules_of(env, options);
  start(env, s, options);
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
  uint32_t record[RECORD_INTS];
  union address address;
  socklen_t length = sizeof address;
  int fd;
  napi_get_cb_info(env, info, &argc, args, NULL, NULL);
  if (napi_get_value_int32(env, args[0], &fd) != napi_ok) fd = socket_of(env, args[0])->fd;
  if (getsockname(fd, &address.any, &length) != 0) return throw_errno(env, errno);
  to_record(&address, record);
  napi_create_uint32(env, record[RECORD_PORT], &result);
  return result;
}

/*
 * Sends `count` messages; marks those that fail in their records and counts them. A full socket buffer is waited for briefly, then the rest
 * is lost, as UDP may be.
 */
static uint32_t send_batch(int fd, struct mmsghdr *messages, uint32_t *const *records, uint32_t count) {
  uint32_t done = 0, failed = 0, retried = UINT32_MAX;
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
    /* What an earlier datagram met with is told at the next call, whoever that is for. */
    if (errno != EAGAIN && errno != ENOBUFS && retried != done) {
      retried = done;
      continue;
    }
    records[done][RECORD_LENGTH] = 0;
    failed++;
    done++;
  }
  return failed;
}

/* What the datagrams of a call are made of. */
typedef struct {
  Bytes out, source, inserts;
  int32_t *splices;
  size_t splice_ints;
} Parts;

/* Puts a datagram together where it is to stand; 0: what is said about it cannot be. */
static int prepared(const Parts *parts, const uint32_t *record) {
  int64_t offset = record[QUEUE_OFFSET], length = record[RECORD_LENGTH];
  if (offset + length > parts->out.length) return 0;
  if (!record[QUEUE_COMPOSED]) return 1;
  size_t first = record[QUEUE_FIRST_SPLICE], count = record[QUEUE_SPLICES];
  if (parts->splices == NULL || (first + count) * SPLICE_INTS > parts->splice_ints) return 0;
  return compose(parts->source, (int32_t)record[QUEUE_START], (int32_t)record[QUEUE_END], parts->inserts, parts->splices + first * SPLICE_INTS,
                 (int32_t)count, (uint8_t *)parts->out.bytes + offset, length) == length;
}

static napi_value send_datagrams(napi_env env, napi_callback_info info) {
  size_t argc = 7, queue_length = 0;
  napi_value args[7], result;
  uint32_t count = 0, failed = 0;
  union address to[BATCH];
  struct iovec iov[BATCH];
  struct mmsghdr messages[BATCH];
  uint32_t *records[BATCH], n = 0;
  napi_get_cb_info(env, info, &argc, args, NULL, NULL);
  Socket *s = socket_of(env, args[0]);
  napi_get_value_uint32(env, args[3], &count);
  uint32_t *queue = numbers_of(env, args[2], napi_uint32_array, (size_t)count * QUEUE_INTS, &queue_length);
  Parts parts = {.out = bytes_of(env, args[1]), .source = bytes_of(env, args[4]), .inserts = bytes_of(env, args[5])};
  parts.splices = numbers_of(env, args[6], napi_int32_array, 0, &parts.splice_ints);
  if (s == NULL || s->closing || queue == NULL) return throw_errno(env, EINVAL);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t *record = queue + i * QUEUE_INTS;
    if (prepared(&parts, record)) {
      iov[n] = (struct iovec){(void *)(parts.out.bytes + record[QUEUE_OFFSET]), record[RECORD_LENGTH]};
      messages[n].msg_hdr = (struct msghdr){.msg_name = &to[n], .msg_namelen = from_record(record, &to[n]), .msg_iov = &iov[n], .msg_iovlen = 1};
      records[n++] = record;
    } else {
      record[RECORD_LENGTH] = 0;
      failed++;
    }
    if (n < BATCH && i + 1 < count) continue;
    failed += send_batch(s->fd, messages, records, n);
    n = 0;
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
  uv_idle_stop(&s->idle);
  close(s->fd);
  uv_close((uv_handle_t *)&s->poll, closed);
  uv_close((uv_handle_t *)&s->idle, closed);
  return NULL;
}

/* scan(bytes, start, end, names, maxHeaders, maxUriBytes, maxMessageBytes, index): for tests that compare with the reference. */
static napi_value scan(napi_env env, napi_callback_info info) {
  size_t argc = 8;
  napi_value args[8];
  uint32_t numbers[5];
  ScanRules rules;
  napi_get_cb_info(env, info, &argc, args, NULL, NULL);
  const int places[5] = {1, 2, 4, 5, 6};
  for (int i = 0; i < 5; i++) napi_get_value_uint32(env, args[places[i]], &numbers[i]);
  Bytes bytes = bytes_of(env, args[0]), names = bytes_of(env, args[3]);
  int32_t *index = numbers_of(env, args[7], napi_int32_array, SCAN_INTS, NULL);
  if (index == NULL || numbers[0] > numbers[1] || numbers[1] > bytes.length ||
      !scan_rules(&rules, names.bytes, (int32_t)names.length, (int32_t)numbers[2], (int32_t)numbers[3], (int32_t)numbers[4]))
    return throw_errno(env, EINVAL);
  scan_message(bytes.bytes, (int32_t)numbers[0], (int32_t)numbers[1], &rules, index);
  return NULL;
}

NAPI_MODULE_INIT() {
  const struct {
    const char *name;
    napi_callback call;
  } functions[] = {{"bind", bind_socket}, {"open", open_socket}, {"port", port_of}, {"send", send_datagrams}, {"close", close_socket}, {"scan", scan}};
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].call, NULL, &function);
    napi_set_named_property(env, exports, functions[i].name, function);
  }
  return exports;
}
