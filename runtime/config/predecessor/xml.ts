import { TriplaneError } from '../../errors';

/** One element: its children in order, and the text between them. */
export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

interface Open {
  readonly name: string;
  readonly children: XmlElement[];
  text: string;
}

const TOKEN =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?[\s\S]*?\?>|<!DOCTYPE[^>[]*>|<(\/?)([A-Za-z_][\w:.-]*)((?:"[^"]*"|'[^']*'|[^<>"'])*?)(\/?)>|([^<]+)|(<)/g;

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Reads the elements and text of a document; attributes are skipped, entity definitions are refused. Throws CONFIG_SYNTAX with the line. */
export function readXml(text: string, file: string): XmlElement {
  const top: Open = { name: '', children: [], text: '' };
  const open: Open[] = [top];
  for (const match of text.matchAll(TOKEN)) {
    const [, cdata, slash, name, , selfClosing, words, stray] = match;
    const here = open.at(-1) ?? top;
    if (stray !== undefined) fail(file, text, match.index, 'expected an element, a comment or text');
    if (cdata !== undefined) here.text += cdata;
    else if (words !== undefined) here.text += unescaped(words);
    else if (name === undefined) continue;
    else if (slash === '/') {
      if (here === top || here.name !== name) fail(file, text, match.index, `expected </${here.name}>, got </${name}>`);
      close(open);
    } else {
      open.push({ name, children: [], text: '' });
      if (selfClosing === '/') close(open);
    }
  }
  if (open.length > 1) fail(file, text, text.length, `</${open.at(-1)?.name}> is missing`);
  const [root] = top.children;
  if (root === undefined) fail(file, text, text.length, 'expected an element');
  return root;
}

function close(open: Open[]): void {
  const done = open.pop();
  if (done !== undefined) open.at(-1)?.children.push({ ...done, text: done.text.trim() });
}

function unescaped(text: string): string {
  return text.replaceAll(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, name: string) => {
    if (!name.startsWith('#')) return Object.hasOwn(ENTITIES, name) ? (ENTITIES[name] ?? whole) : whole;
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code <= 0x10_ffff ? String.fromCodePoint(code) : whole;
  });
}

function fail(file: string, text: string, index: number, what: string): never {
  const line = text.slice(0, index).split('\n').length;
  throw new TriplaneError('CONFIG_SYNTAX', `${file}:${line}: ${what}`);
}
