import { createHash, createHmac } from 'node:crypto';
import type { NodeTable, PlaneNode } from '../../data-plane';
import { base32Text } from './byte-hash';
import { KeyRing, type SigningKey } from './key-ring';

const NODE_CHARS = 8;
const MAC_CHARS = 10;
const HINT_CHARS = 1 + NODE_CHARS + MAC_CHARS;
const MAX_GONE = 10_000;

/** What a hint that verifies says. */
export interface Hint {
  /** Undefined: a node that this plane never knew. */
  readonly nodeId: string | undefined;
}

/**
 * The signed names of nodes in Record-Route (`;h=<key id><8 characters of the node><10 of the HMAC>`), so that requests inside a dialog
 * find their node at every instance, and nobody outside can choose one. Made once per node and key when the table changes;
 * verified by looking them up.
 */
export class HintBook {
  readonly keys = new KeyRing();
  readonly #known = new Map<string, Hint>();
  /** Hints that verified by their MAC alone: of nodes that are not in the table. */
  readonly #gone = new Map<string, Hint>();
  /** Ids of all nodes ever seen, by their characters: who takes over from a node depends on which it was. Bounded. */
  readonly #seen = new Map<string, string>();
  readonly #params = new Map<string, Buffer>();

  /** Takes over nodes and keys of a new table. Nodes that left stay readable. */
  use(table: NodeTable): void {
    this.keys.use(table);
    this.#known.clear();
    this.#gone.clear();
    this.#params.clear();
    for (const node of table.nodes) this.#addNode(node);
  }

  /** `;h=…` for a node; empty while the control plane gave no key. */
  param(node: PlaneNode): Buffer {
    return this.#params.get(node.id) ?? EMPTY;
  }

  /** What the hint at [start, end) says; undefined when it is none of ours. */
  read(bytes: Buffer, start: number, end: number): Hint | undefined {
    if (start < 0 || end - start !== HINT_CHARS) return undefined;
    const text = bytes.toString('latin1', start, end);
    return this.#known.get(text) ?? this.#gone.get(text) ?? this.#verify(text);
  }

  #addNode(node: PlaneNode): void {
    const hint: Hint = { nodeId: node.id };
    const name = nodeChars(node.id);
    this.#noteSeen(name, node.id);
    // Newest key last, so that it wins should two keys have one id and one MAC.
    for (const key of this.keys.all.toReversed()) this.#known.set(key.id + name + mac(key, name), hint);
    const signer = this.keys.signer;
    if (signer !== undefined)
      this.#params.set(node.id, Buffer.from(`;h=${signer.id}${name}${mac(signer, name)}`, 'latin1'));
  }

  #noteSeen(name: string, nodeId: string): void {
    this.#seen.delete(name);
    this.#seen.set(name, nodeId);
    if (this.#seen.size <= MAX_GONE) return;
    for (const oldest of this.#seen.keys()) {
      this.#seen.delete(oldest);
      return;
    }
  }

  #verify(text: string): Hint | undefined {
    const name = text.slice(1, 1 + NODE_CHARS);
    for (const key of this.keys.all) {
      if (key.id !== text[0] || mac(key, name) !== text.slice(1 + NODE_CHARS)) continue;
      const hint: Hint = { nodeId: this.#seen.get(name) };
      if (this.#gone.size >= MAX_GONE) this.#gone.clear();
      this.#gone.set(text, hint);
      return hint;
    }
    return undefined;
  }
}

const EMPTY = Buffer.alloc(0);

function nodeChars(nodeId: string): string {
  return base32Text(createHash('sha256').update(nodeId).digest(), NODE_CHARS);
}

function mac(key: SigningKey, name: string): string {
  return base32Text(createHmac('sha256', key.secret).update(name).digest(), MAC_CHARS);
}
