import {
  AlgorithmDescriptor,
  PlaneStatus,
  type Hello,
  type Protocol,
  type Rejection,
  type Revision,
} from '../../proto';
import type { Clock } from '../../runtime/clock';

/** What is known of one plane; outlives its connections. */
export interface PlaneRecord {
  readonly hello: Hello;
  connected: boolean;
  lagging: boolean;
  sent: Revision | undefined;
  /** The newest that was taken whole. */
  acked: Revision | undefined;
  ackedAt: Date | undefined;
  /** The newest that was answered, whole or in part; its index, 0: none. */
  answeredIndex: number;
  rejections: readonly Rejection[];
}

const MAX_PLANES = 1000;

/** The planes that are or were connected, by id; those that left longest ago are forgotten beyond 1000. */
export class PlaneDirectory {
  readonly #clock: Clock;
  readonly #planes = new Map<string, PlaneRecord>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** False: there are too many connected planes already. */
  hasRoom(planeId: string): boolean {
    return this.#planes.has(planeId) || this.connected().length < MAX_PLANES;
  }

  /** A plane said hello; replaces what was known of its id. */
  join(hello: Hello): PlaneRecord {
    const record: PlaneRecord = {
      hello,
      connected: true,
      lagging: false,
      sent: undefined,
      acked: undefined,
      ackedAt: undefined,
      answeredIndex: 0,
      rejections: [],
    };
    this.#planes.delete(hello.planeId);
    this.#planes.set(hello.planeId, record);
    this.#forgetOldest();
    return record;
  }

  acked(record: PlaneRecord, revision: Revision): void {
    record.acked = revision;
    record.ackedAt = this.#clock.date();
    record.answeredIndex = revision.index;
    record.rejections = [];
  }

  nacked(record: PlaneRecord, revision: Revision, rejections: readonly Rejection[]): void {
    record.answeredIndex = revision.index;
    record.rejections = rejections;
  }

  get(planeId: string): PlaneRecord | undefined {
    return this.#planes.get(planeId);
  }

  connected(protocol?: Protocol): PlaneRecord[] {
    return [...this.#planes.values()].filter(
      ({ connected, hello }) => connected && (protocol === undefined || hello.protocol === protocol),
    );
  }

  /** All that are known, sorted by id. */
  list(): PlaneStatus[] {
    const planes = [...this.#planes.values()].map(toStatus);
    return planes.sort((a, b) => (a.planeId < b.planeId ? -1 : 1));
  }

  #forgetOldest(): void {
    for (const [planeId, { connected }] of this.#planes) {
      if (this.#planes.size <= MAX_PLANES) return;
      if (!connected) this.#planes.delete(planeId);
    }
  }
}

function toStatus({ hello, connected, lagging, sent, acked, ackedAt, rejections }: PlaneRecord): PlaneStatus {
  const { planeId, incarnation, protocol, softwareVersion } = hello;
  return PlaneStatus.create({
    planeId,
    incarnation,
    protocol,
    softwareVersion,
    connected,
    lagging,
    sent,
    acked,
    ackedAt,
    rejections: [...rejections],
    algorithms: hello.algorithms.map((algorithm) => AlgorithmDescriptor.create(algorithm)),
  });
}
