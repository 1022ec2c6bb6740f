import { WatchAssignmentsResponse, WatchSessionsResponse } from '../../proto';
import type { SessionChange, SessionTable } from '../sessions';
import type { OpenStream, StreamHandlers } from './open-streams';

export interface SessionFeedOptions<Response> {
  readonly table: SessionTable;
  readonly stream: OpenStream<Response>;
  /** Whether this reader is told of the change. */
  readonly concerns: (change: SessionChange) => boolean;
  readonly render: (assignmentIds: readonly string[], moveIds: readonly string[]) => Response;
}

const PAGE_SIZE = 1000;

/** One stream of the session table: everything, then what changes; a slow reader gets the newest state of what changed meanwhile. */
export class SessionFeed<Response> implements StreamHandlers<never> {
  readonly #options: SessionFeedOptions<Response>;
  readonly #assignments: Set<string>;
  readonly #moves: Set<string>;
  readonly #unwatch: () => void;
  #writable = true;
  #scheduled = false;

  constructor(options: SessionFeedOptions<Response>) {
    this.#options = options;
    const { table, concerns } = options;
    const { assignments, moves } = table.ids();
    this.#assignments = new Set(assignments);
    this.#moves = new Set(moves);
    this.#unwatch = table.watch((change) => {
      if (!concerns(change)) return;
      const { assignment, moveFrom } = change;
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
      const ids: string[] = [];
      for (const id of this.#assignments) {
        if (ids.length >= PAGE_SIZE) break;
        ids.push(id);
        this.#assignments.delete(id);
      }
      this.#send(ids);
    }
  }

  /** The first one may be empty: it tells the reader that it is heard. */
  #send(ids: readonly string[]): void {
    const { stream, render } = this.#options;
    const moves = [...this.#moves];
    this.#moves.clear();
    this.#writable = stream.send(render(ids, moves));
  }
}

/** For a plane: all changes, ends included. */
export function feedPlane(
  table: SessionTable,
  stream: OpenStream<WatchAssignmentsResponse>,
): SessionFeed<WatchAssignmentsResponse> {
  return new SessionFeed({
    table,
    stream,
    concerns: () => true,
    render: (assignmentIds, moveIds) =>
      WatchAssignmentsResponse.create({
        assignments: assignmentIds.map((id) => table.assignment(id)),
        moves: moveIds.map((id) => table.moveFrom(id)),
      }),
  });
}

/** For another control plane: what was made here, as it came about. */
export function feedPeer(
  table: SessionTable,
  stream: OpenStream<WatchSessionsResponse>,
): SessionFeed<WatchSessionsResponse> {
  return new SessionFeed({
    table,
    stream,
    concerns: ({ foreign }) => foreign !== true,
    render: (assignmentIds, moveIds) =>
      WatchSessionsResponse.create({
        assignments: assignmentIds.flatMap((id) => table.versioned(id) ?? []),
        moves: moveIds.flatMap((id) => table.versionedMove(id) ?? []),
      }),
  });
}
