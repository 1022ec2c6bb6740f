/** A running service: what `start…` functions return. Whoever started it closes it. */
export interface Service {
  /** Listener name to `host:port` as really bound, as in `external.udp`: `127.0.0.1:5060`. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Stops being ready, takes no new work, finishes or cuts the rest, frees every socket and timer. Idempotent. */
  close(): Promise<void>;
}

/** Says whether a service can do its work now; each reason in `problems` is one short sentence. */
export interface Readiness {
  readonly ready: boolean;
  readonly problems: readonly string[];
}
