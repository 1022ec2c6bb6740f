import type { PeerLink } from './peer-link';

/** Links that are not read, all for one reason, until something changes. */
export class HeldLinks {
  readonly #reason: number;
  readonly #links = new Set<PeerLink>();

  /** `reason`: one of `Hold`. */
  constructor(reason: number) {
    this.#reason = reason;
  }

  /** Stops reading a link. */
  hold(link: PeerLink): void {
    this.#links.add(link);
    link.hold(this.#reason);
  }

  /** The link is nobody's concern any more; it is left as it is. */
  forget(link: PeerLink): void {
    this.#links.delete(link);
  }

  /** Reads all of them again; what each was held with may hold it anew. */
  release(): void {
    if (this.#links.size === 0) return;
    const links = [...this.#links];
    this.#links.clear();
    for (const link of links) link.release(this.#reason);
  }
}
