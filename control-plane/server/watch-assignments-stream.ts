import { WatchAssignmentsResponse } from '../../proto';
import type { SessionTable } from '../sessions';
import type { OpenStream, StreamHandlers } from './open-streams';

const PAGE_SIZE = 1000;

/** One WatchAssignments stream: everything, then what changes; a slow reader gets the newest state of what changed meanwhile. */
export class WatchAssignmentsStream implements StreamHandlers<never> {
  readonly #table: SessionTable;
  readonly #stream: OpenStream<WatchAssignmentsResponse>;
  readonly #assignments: Set<string>;
  readonly #moves: Set<string>;
  readonly #unwatch: () => void;
  #writable = true;
  #scheduled = false;

  constructor(table: SessionTable, stream: OpenStream<WatchAssignmentsResponse>) {
    this.#table = table;
    this.#stream = stream;
    const { assignments, moves } = table.ids();
    this.#assignments = new Set(assignments);
    this.#moves = new Set(moves);
    this.#unwatch = table.watch(({ assignment, moveFrom }) => {
      if (assignment !== undefined) this.#assignments.add(assignment);
      if (moveFrom !== undefined) this.#moves.add(moveFrom);
      this.#schedule();
    });
    this.#send([]);
    this.#flush();
  }

  onDrain(): void {
    this.#writable = true;
    this.#flush();
  }

  onClose(): void {
    this.#unwatch();
  }

  /** Keys come in bunches: what changes in one turn goes out together. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#writable && this.#assignments.size + this.#moves.size > 0) {
      const ids = [...this.#assignments].slice(0, PAGE_SIZE);
      for (const id of ids) this.#assignments.delete(id);
      this.#send(ids);
    }
  }

  /** The first one may be empty: it tells the plane that it is heard. */
  #send(ids: readonly string[]): void {
    const moves = [...this.#moves].map((id) => this.#table.moveFrom(id));
    this.#moves.clear();
    const assignments = ids.map((id) => this.#table.assignment(id));
    this.#writable = this.#stream.send(WatchAssignmentsResponse.create({ assignments, moves }));
  }
}
