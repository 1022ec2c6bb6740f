import { flattenXml } from '../../../../../runtime/config/predecessor/flatten';
import { readXml } from '../../../../../runtime/config/predecessor/xml';

test('reads elements, text, comments, CDATA, entities and empty elements', () => {
  const text = `<?xml version="1.0"?><!-- head -->
    <a x="1 > 0"><b>one &amp; &#50;</b><c/><d><![CDATA[<raw>]]></d></a>`;
  const root = readXml(text, 'f.xml');
  expect(root.name).toBe('a');
  expect(root.children.map((child) => [child.name, child.text])).toEqual([
    ['b', 'one & 2'],
    ['c', ''],
    ['d', '<raw>'],
  ]);
});

test.each([
  ['<a>\n<b>\n</a>', 'f.xml:3: expected </b>, got </a>'],
  ['<a>\n<b>', 'f.xml:2: </b> is missing'],
  ['<a>1 < 2</a>', 'f.xml:1: expected an element, a comment or text'],
  ['', 'f.xml:1: expected an element'],
])('%j is refused with its line', (text, message) => {
  expect(() => readXml(text, 'f.xml')).toThrow(expect.objectContaining({ code: 'CONFIG_SYNTAX', message }));
});

test('legs and stack properties get the names of the properties dialect', () => {
  const text = `<configuration><common><host>127.0.0.1</host></common>
    <sip><external><udpPort>5060</udpPort></external><internal><host>10.0.0.1</host></internal></sip>
    <sipStack><property><key>gov.nist.javax.sip.TRACE_LEVEL</key><value>16</value></property></sipStack></configuration>`;
  expect(Object.fromEntries(flattenXml(readXml(text, 'f.xml')))).toEqual({
    host: '127.0.0.1',
    externalUdpPort: '5060',
    internalHost: '10.0.0.1',
    'gov.nist.javax.sip.TRACE_LEVEL': '16',
  });
});
