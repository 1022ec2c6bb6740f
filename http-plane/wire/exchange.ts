import type { PlaneNode } from '../../data-plane';
import type { Endpoint } from '../../proto';
import {
  BODY_SLOW,
  CONNECT_SLOW,
  NODE_BUSY,
  NODE_FAILED,
  NODE_GARBLED,
  NODE_SLOW,
  NODE_UNREACHABLE,
  endpointFor,
  unavailable,
  type OwnAnswer,
} from '../forward';
import { BodyWalker } from './body-walker';
import type { ExchangeClient } from './exchange-client';
import { ExchangeRecord } from './exchange-record';
import type { NodeConnection, NodeUser } from './node-connection';
import type { NodePool } from './node-pool';
import { writeRequestHead } from './request-head';
import { Body, type RequestView } from './request-view';
import { ResponseRelay } from './response-relay';
import { mayRetry } from './retry-rule';
import type { WireDeps } from './wire-deps';

/** What the exchange waits for. */
const Wait = { CONNECT: 0, BODY: 1, ANSWER: 2, RELAY: 3, OVER: 4 } as const;

/** One request and its answer, from the choice of the node to the last byte; exactly one answer reaches the client. */
export class Exchange implements NodeUser {
  readonly #deps: WireDeps;
  readonly #client: ExchangeClient;
  readonly #view: RequestView;
  readonly #body: BodyWalker;
  readonly #record: ExchangeRecord;
  #relay: ResponseRelay;
  #wait: number = Wait.CONNECT;
  #node: PlaneNode | undefined;
  #pool: NodePool | undefined;
  #connection: NodeConnection | undefined;
  /** Head and what came of the body with it; kept while the request may go elsewhere. */
  #first: Buffer | undefined;
  #tries = 0;
  #judged = false;
  /** The node takes no more of the body at the moment. */
  #nodeFull = false;
  #status = 0;
  /** Body of an answer of the plane's own, for the access log. */
  #ownBytes = 0;

  constructor(deps: WireDeps, client: ExchangeClient, view: RequestView) {
    this.#deps = deps;
    this.#client = client;
    this.#view = view;
    this.#body = new BodyWalker(view.body, view.length);
    this.#relay = new ResponseRelay(deps, client, view);
    this.#record = new ExchangeRecord(deps, client, view);
  }

  /** The whole request has come from the client. */
  get requestDone(): boolean {
    return this.#body.done;
  }

  /** Sends the head that `deps.requests` just parsed, [start, pos), and what follows of the body; returns the offset behind, or a fault. */
  begin(buffer: Buffer, start: number, pos: number, end: number): number {
    const { out, requests, router, unavailableHost } = this.#deps;
    const node = router.choose(this.#view) ?? unavailableHost.node;
    const endpoint = node && this.#endpointOf(node);
    if (node === undefined || endpoint === undefined) {
      this.#answer(unavailable(this.#deps.config, this.#view.target));
      return pos;
    }
    const { traceparent } = this.#record;
    writeRequestHead(out, { head: requests, buffer, start, view: this.#view, stamp: this.#client.stamp, traceparent });
    const behind = this.#walk(buffer, pos, end);
    if (behind < 0) {
      out.take();
      return behind;
    }
    this.#first = out.take();
    this.#send(node, endpoint, false);
    return behind;
  }

  /** More of the request's body; returns the offset behind what belongs to it, or a fault. */
  feed(buffer: Buffer, pos: number, end: number): number {
    const { out } = this.#deps;
    this.#first = undefined;
    const behind = this.#walk(buffer, pos, end);
    const rest = out.take();
    if (behind < 0) return behind;
    if (this.#wait <= Wait.ANSWER) this.#await();
    if (this.#connection !== undefined && !this.#write(this.#connection, rest)) {
      this.#nodeFull = true;
      this.#client.pause();
    }
    return behind;
  }

  nodeConnected(): void {
    this.#await();
    if (!this.#body.done) this.#client.resume();
  }

  nodeDrained(): void {
    this.#nodeFull = false;
    if (this.#wait === Wait.BODY) this.#await();
    if (!this.#body.done) this.#client.resume();
  }

  nodeData(bytes: Buffer): boolean {
    const node = this.#node as PlaneNode;
    node.live.bytesIn += bytes.length;
    node.live.heardAtMs = this.#deps.core.clock.now();
    const relay = this.#relay;
    relay.take(bytes, this.#body.done);
    if (!this.#judged && relay.started) this.#judge(node, relay.status);
    if (relay.fault) this.#garbled();
    else if (relay.switched) this.#switch();
    else if (relay.complete) this.#complete();
    else if (relay.started) this.#goOn();
    return relay.keepsBytes;
  }

  nodeGone(orderly: boolean): void {
    const connection = this.#connection as NodeConnection;
    this.#connection = undefined;
    if (this.#relay.started) {
      if (orderly && this.#relay.endsWithConnection) {
        this.#relay.end();
        this.#finish(this.#relay.keepAlive && this.#body.done);
      } else this.#cut();
      return;
    }
    this.#failed();
    this.#elsewhereOr(connection.connected ? NODE_FAILED : NODE_UNREACHABLE, connection);
  }

  /** The client took what was held back. */
  clientDrained(): void {
    this.#connection?.socket.resume();
  }

  /** The client is gone, or its request is broken: nobody waits for the answer. */
  abandon(): void {
    this.#drop();
    this.#close();
  }

  /** What was awaited did not come in time. */
  expired(): void {
    const connection = this.#connection;
    switch (this.#wait) {
      case Wait.CONNECT:
        this.#drop();
        this.#failed();
        this.#elsewhereOr(CONNECT_SLOW, connection);
        return;
      case Wait.BODY:
        if (this.#nodeFull) this.#failed();
        this.#answer(this.#nodeFull ? NODE_SLOW : BODY_SLOW);
        return;
      case Wait.ANSWER:
        this.#failed();
        this.#answer(NODE_SLOW);
        return;
      default:
        this.#cut();
    }
  }

  #endpointOf(node: PlaneNode): Endpoint | undefined {
    const encrypted = this.#client.secure && this.#deps.config.encryptToNodes;
    return endpointFor(node, { encrypted, webSocket: this.#view.webSocketKey !== '' });
  }

  #walk(buffer: Buffer, pos: number, end: number): number {
    if (this.#body.done || pos === end) return pos;
    const { out } = this.#deps;
    const behind = this.#body.walk(buffer, pos, end);
    if (behind < 0) return behind;
    out.bytes(buffer, pos, this.#body.passEnd);
    if (this.#body.done && this.#body.kind === Body.CHUNKED) {
      out.bytes(this.#body.trailers, 0, this.#body.trailers.length);
      out.text('\r\n');
    }
    return behind;
  }

  #send(node: PlaneNode, endpoint: Endpoint, fresh: boolean): void {
    const { pools, config } = this.#deps;
    const pool = pools.of(endpoint);
    const connection = pool.acquire(this, this.#view.webSocketKey !== '' ? 'tunnel' : fresh ? 'fresh' : 'any');
    if (connection === undefined) {
      this.#answer(NODE_BUSY);
      return;
    }
    this.#node = node;
    this.#pool = pool;
    this.#connection = connection;
    this.#tries += 1;
    node.live.requests += 1;
    node.live.activeSessions += 1;
    this.#relay.setCookie = this.#deps.router.cookieFor(this.#view, node);
    this.#wait = Wait.CONNECT;
    if (connection.connected) this.#await();
    else this.#client.expectWithin(config.connectTimeoutMs);
    const flows = this.#write(connection, this.#first as Buffer);
    if (!this.#body.done && (!flows || !connection.connected)) this.#client.pause();
    if (this.#view.expectsContinue && pool.http10) this.#relay.continue();
  }

  #write(connection: NodeConnection, bytes: Buffer): boolean {
    if (bytes.length === 0) return true;
    this.#deps.figures.bytesToServer.value += bytes.length;
    (this.#node as PlaneNode).live.bytesOut += bytes.length;
    return connection.socket.write(bytes);
  }

  /** The connection stands: the client's body is awaited, then the node's answer. */
  #await(): void {
    const { config } = this.#deps;
    this.#wait = this.#body.done ? Wait.ANSWER : Wait.BODY;
    this.#client.expectWithin(this.#body.done ? config.responseTimeoutMs : config.bodyTimeoutMs);
  }

  #mayRetry(connection: NodeConnection): boolean {
    if (this.#first === undefined) return false;
    const [view, relay] = [this.#view, this.#relay];
    return mayRetry({ connection, view, relay, tries: this.#tries, whole: this.#body.done }, this.#deps.figures);
  }

  /** Tries another node when that is safe; a session's request on a stale connection stays with its node. */
  #elsewhereOr(own: OwnAnswer, failed: NodeConnection | undefined): void {
    const { router } = this.#deps;
    const node = this.#node as PlaneNode;
    if (failed === undefined || !this.#mayRetry(failed)) {
      this.#answer(own);
      return;
    }
    const stays = failed.connected && router.isBound(this.#view, node);
    const next = stays ? node : (router.instead(node) ?? (failed.connected ? node : undefined));
    const endpoint = next && this.#endpointOf(next);
    if (next === undefined || endpoint === undefined) {
      this.#answer(own);
      return;
    }
    node.live.activeSessions -= 1;
    this.#node = undefined;
    this.#record.retry();
    this.#relay = new ResponseRelay(this.#deps, this.#client, this.#view);
    this.#send(next, endpoint, true);
  }

  #judge(node: PlaneNode, status: number): void {
    this.#judged = true;
    this.#deps.health.answered(node, status, this.#view.target);
  }

  /** A part of the answer is on its way. */
  #goOn(): void {
    this.#wait = Wait.RELAY;
    this.#first = undefined;
    this.#client.expectWithin(this.#deps.config.responseTimeoutMs);
    if (this.#relay.clientFull) this.#connection?.socket.pause();
  }

  #switch(): void {
    const { tunnels } = this.#deps;
    const target = this.#node as PlaneNode;
    const node = (this.#connection as NodeConnection).detach();
    this.#connection = undefined;
    const { socket, early } = this.#client.detach();
    this.#status = 101;
    this.#close();
    tunnels.open({ client: socket, node, earlyOfClient: early, earlyOfNode: this.#relay.rest, target });
  }

  #complete(): void {
    const { core, figures } = this.#deps;
    const connection = this.#connection as NodeConnection;
    const pool = this.#pool as NodePool;
    const relay = this.#relay;
    this.#connection = undefined;
    pool.http10 = relay.http10;
    if (relay.rest.length > 0) figures.reject('nodeExtraBytes');
    if (relay.reusable && relay.rest.length === 0 && this.#body.done) pool.release(connection, core.clock.now());
    else connection.destroy();
    this.#finish(relay.keepAlive && this.#body.done);
  }

  #finish(keepAlive: boolean): void {
    this.#status = this.#relay.status;
    this.#close();
    this.#client.done(keepAlive);
  }

  /** A broken answer: 502 when nothing of it went out, else the client's connection ends. */
  #garbled(): void {
    this.#failed();
    if (!this.#relay.started) {
      this.#answer(NODE_GARBLED);
      return;
    }
    this.#deps.figures.reject(NODE_GARBLED.reason);
    this.#cut();
  }

  #cut(): void {
    this.#deps.figures.reject('answerCut');
    // With bytes still waiting for the client it was the client that was slow.
    if (!this.#client.backlog) this.#failed();
    this.#drop();
    this.#status = this.#relay.status;
    this.#close();
    this.#client.cut();
  }

  #answer(own: OwnAnswer): void {
    this.#drop();
    this.#status = own.status;
    this.#ownBytes = own.text.length + 1;
    this.#close();
    this.#client.answer(own);
  }

  #failed(): void {
    if (this.#node === undefined) return;
    this.#node.live.failures += 1;
    this.#deps.health.failed(this.#node);
  }

  #drop(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  #close(): void {
    if (this.#wait === Wait.OVER) return;
    this.#wait = Wait.OVER;
    if (this.#node !== undefined) this.#node.live.activeSessions -= 1;
    this.#record.end(this.#status, this.#node, this.#ownBytes);
  }
}
