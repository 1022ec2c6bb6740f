import { LiveRegistry, NodeTable, type TableState } from '../../../../data-plane';
import { ClusterSettings, Protocol, Transport, type HintKey } from '../../../../proto';
import { HintBook } from '../../../../sip-plane/affinity';
import { testNode } from '../../../support/fake-core';

const endpoint = { protocol: Protocol.SIP, transport: Transport.UDP, host: '10.0.0.1', port: 5060 };

function table(ids: readonly string[], hintKeys: readonly HintKey[]): NodeTable {
  const state: TableState = {
    revision: undefined,
    nodes: new Map(ids.map((id) => [id, testNode(id, [endpoint])])),
    configs: new Map(),
    settings: ClusterSettings.create({ hintKeys: [...hintKeys] }),
  };
  return new NodeTable(state, Protocol.SIP, new LiveRegistry());
}

const key = (keyId: string, fill: number): HintKey => ({ keyId, secret: Buffer.alloc(32, fill) });

function hintOf(book: HintBook, from: NodeTable, id: string): Buffer {
  const node = from.get(id);
  if (node === undefined) throw new Error(`no node ${id}`);
  return book.param(node).subarray(3);
}

const read = (book: HintBook, hint: Buffer): ReturnType<HintBook['read']> => book.read(hint, 0, hint.length);

describe('the hint book', () => {
  it('reads its own hints, and those of every instance with the same key', () => {
    const nodes = table(['app1', 'app2'], [key('a', 1)]);
    const one = new HintBook();
    const two = new HintBook();
    one.use(nodes);
    two.use(nodes);
    for (const id of ['app1', 'app2']) {
      const hint = hintOf(one, nodes, id);
      expect(hint.toString()).toMatch(/^a[a-z2-7]{18}$/);
      expect(read(one, hint)).toEqual({ nodeId: id });
      expect(read(two, hint)).toEqual({ nodeId: id });
    }
  });

  it('keeps reading hints of earlier keys, and signs with the newest', () => {
    const book = new HintBook();
    const before = table(['app1'], [key('a', 1)]);
    book.use(before);
    const old = Buffer.from(hintOf(book, before, 'app1'));
    const after = table(['app1'], [key('b', 2)]);
    book.use(after);
    expect(hintOf(book, after, 'app1').toString()).toMatch(/^b/);
    expect(read(book, old)).toEqual({ nodeId: 'app1' });
    const sameId = table(['app1'], [key('a', 3)]);
    book.use(sameId);
    expect(read(book, old)).toEqual({ nodeId: 'app1' });
    expect(read(book, hintOf(book, sameId, 'app1'))).toEqual({ nodeId: 'app1' });
  });

  it('forgets all but eight keys', () => {
    const book = new HintBook();
    const first = table(['app1'], [key('a', 1)]);
    book.use(first);
    const hint = Buffer.from(hintOf(book, first, 'app1'));
    for (let i = 2; i < 9; i += 1) book.use(table(['app1'], [key('b', i)]));
    expect(read(book, hint)).toBeDefined();
    book.use(table(['app1'], [key('b', 9)]));
    expect(read(book, hint)).toBeUndefined();
  });

  it('knows the hint of a node that left, and its name if it saw the node', () => {
    const book = new HintBook();
    const before = table(['app1'], [key('a', 1)]);
    book.use(before);
    const hint = Buffer.from(hintOf(book, before, 'app1'));
    book.use(table([], [key('a', 1)]));
    expect(read(book, hint)).toEqual({ nodeId: 'app1' });
    const newcomer = new HintBook();
    newcomer.use(table([], [key('a', 1)]));
    expect(read(newcomer, hint)).toEqual({ nodeId: undefined });
    newcomer.use(before);
    expect(read(newcomer, hint)).toEqual({ nodeId: 'app1' });
  });

  it('takes nothing else for a hint', () => {
    const book = new HintBook();
    const nodes = table(['app1'], [key('a', 1)]);
    book.use(nodes);
    const hint = hintOf(book, nodes, 'app1');
    for (let i = 0; i < hint.length; i += 1) {
      const forged = Buffer.from(hint);
      forged[i] = forged[i] === 97 ? 98 : 97;
      expect(read(book, forged)).toBeUndefined();
    }
    expect(book.read(hint, 0, 18)).toBeUndefined();
    expect(book.read(hint, -1, -1)).toBeUndefined();
  });
});
