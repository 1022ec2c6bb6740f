import { Edits, wire } from '../../../../sip-plane/message';

function apply(edits: Edits, text: string): string {
  const source = Buffer.from(text);
  const target = Buffer.alloc(source.length + edits.growth);
  expect(edits.apply(source, 0, source.length, target, 0)).toBe(target.length);
  return target.toString();
}

describe('the splice list', () => {
  it('inserts, deletes and replaces without touching the rest', () => {
    const edits = new Edits();
    edits.begin(0);
    edits.text(wire('<'));
    edits.begin(2, 2);
    edits.begin(5, 1);
    edits.number(1234);
    edits.begin(8);
    edits.byte(62);
    expect(apply(edits, 'abcdefgh')).toBe('<abe1234gh>');
  });

  it('applies splices in order of place, whatever the order in which they were made', () => {
    const edits = new Edits();
    edits.begin(6);
    edits.text(wire('6'));
    edits.begin(2, 1);
    edits.text(wire('2'));
    edits.begin(2);
    edits.text(wire('x'));
    expect(apply(edits, 'abcdefgh')).toBe('ab2xdef6gh');
  });

  it.each([0, 7, 10, 99, 100, 65_535, 4_294_967_295])('writes the number %i in decimal', (value) => {
    const edits = new Edits();
    edits.begin(1);
    edits.number(value);
    expect(apply(edits, 'ab')).toBe(`a${value}b`);
  });

  it('grows for long insertions and is empty again after a reset', () => {
    const edits = new Edits(8, 16);
    edits.begin(1);
    edits.text(Buffer.alloc(10_000, 'x'));
    expect(apply(edits, 'ab')).toHaveLength(10_002);
    edits.reset();
    expect(edits.growth).toBe(0);
    expect(apply(edits, 'ab')).toBe('ab');
  });
});
