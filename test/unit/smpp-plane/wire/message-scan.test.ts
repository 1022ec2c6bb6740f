import { MessageScan, PduView, cancelledMessageId, leadingMessageId } from '../../../../smpp-plane/wire';
import { awkwardDelivers, awkwardSubmits, smBody, tlv, type ShortMessage } from '../../../support/awkward-pdus';
import { seededRandom } from '../../../support/seeded-random';
import { rawPdu } from '../../../support/smpp-peer';

function viewOf(pdu: Buffer): PduView {
  const view = new PduView();
  // In the middle of other bytes, as on the wire.
  view.bytes = Buffer.concat([Buffer.alloc(7, 0xff), pdu, Buffer.alloc(9, 0xee)]);
  view.start = 7;
  view.end = 7 + pdu.length;
  view.command = pdu.readUInt32BE(4);
  view.sequence = pdu.readUInt32BE(12);
  return view;
}

function scanOf(message: ShortMessage, command = 0x04): MessageScan {
  const scan = new MessageScan();
  expect(scan.scan(viewOf(rawPdu(command, 1, { body: smBody(message) })))).toBe(true);
  return scan;
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const sar = (reference: string, total: string): Buffer[] => [tlv(0x020c, hex(reference)), tlv(0x020e, hex(total))];

describe('MessageScan', () => {
  test('reads the addresses', () => {
    const scan = scanOf({ source: Buffer.from('alpha'), destination: Buffer.from('4917') });
    expect([scan.source, scan.destination]).toEqual(['alpha', '4917']);
  });

  const parts: readonly (readonly [string, ShortMessage, string | undefined])[] = [
    ['no header', {}, undefined],
    ['an 8-bit reference', { esmClass: 0x40, text: hex('050003cc030161') }, '204\u00003'],
    ['a 16-bit reference', { esmClass: 0x40, text: hex('0608040012030161') }, '18\u00003'],
    ['another element before it', { esmClass: 0x43, text: hex('0b05040b8423f00003070201') }, '7\u00002'],
    [
      'the header in message_payload',
      { esmClass: 0x40, text: hex(''), tlvs: [tlv(0x0424, hex('050003090201'))] },
      '9\u00002',
    ],
    ['SAR TLVs', { tlvs: sar('0012', '03') }, '18\u00003'],
    ['one part of one', { esmClass: 0x40, text: hex('050003cc010161') }, undefined],
    ['a header without the flag', { text: hex('050003cc030161') }, undefined],
    ['a header longer than the text', { esmClass: 0x40, text: hex('ff0003') }, undefined],
    ['an element longer than the header', { esmClass: 0x40, text: hex('050009cc0301') }, undefined],
    ['an empty text', { esmClass: 0x40, text: hex('') }, undefined],
    ['a SAR reference of one byte', { tlvs: sar('12', '03') }, undefined],
    ['a TLV longer than the PDU', { tlvs: [hex('020cffff12')] }, undefined],
  ];

  test.each(parts)('parts with %s have the key they should', (_name, message, key) => {
    const expected = key === undefined ? undefined : `491710000001\u0000491720000002\u0000${key}`;
    expect(scanOf(message).partsKey()).toBe(expected);
  });

  test('two spellings of one reference are one key, other addresses another', () => {
    const udh = scanOf({ esmClass: 0x40, text: hex('0608040012030161') }).partsKey();
    expect(scanOf({ tlvs: sar('0012', '03') }).partsKey()).toBe(udh);
    expect(scanOf({ tlvs: sar('0012', '03'), source: Buffer.from('1') }).partsKey()).not.toBe(udh);
  });

  const receipts: readonly (readonly [string, ShortMessage, boolean, string | undefined])[] = [
    ['no receipt', {}, false, undefined],
    ['TLV and text', { esmClass: 4, text: Buffer.from('id:7 stat:x'), tlvs: [tlv(0x1e, 'abc\0')] }, true, 'abc'],
    ['TLV without NUL', { esmClass: 8, tlvs: [tlv(0x1400, 'v'), tlv(0x1e, 'abc')] }, true, 'abc'],
    ['text', { esmClass: 4, text: Buffer.from('id:0123456789 sub:001') }, true, '0123456789'],
    ['text in capitals, not first', { esmClass: 0x10, text: Buffer.from('STAT:X ID: a-b') }, true, 'a-b'],
    ['text in message_payload', { esmClass: 4, text: hex(''), tlvs: [tlv(0x424, 'id:42')] }, true, '42'],
    ['neither', { esmClass: 0x20, text: Buffer.from('delivered') }, true, undefined],
    ['an empty TLV', { esmClass: 4, text: Buffer.from('x'), tlvs: [tlv(0x1e, '')] }, true, ''],
  ];

  test.each(receipts)('the id of a receipt by %s', (_name, message, isReceipt, id) => {
    const scan = scanOf(message, 0x05);
    expect(scan.isReceipt).toBe(isReceipt);
    expect(scan.receiptedId()).toBe(id);
  });

  test('data_sm has its text in message_payload', () => {
    const body = Buffer.concat([hex('000101343900010134380040'), hex('0000'), tlv(0x0424, hex('050003050201'))]);
    const scan = new MessageScan();
    expect(scan.scan(viewOf(rawPdu(0x103, 1, { body })))).toBe(true);
    expect(scan.partsKey()).toBe('49\x0048\x005\x002');
  });

  test('replace_if_present keys by addresses and service type', () => {
    expect(scanOf({ replaceIfPresent: 1, serviceType: 'CMT' }).replaceKey()).toBe(
      '491710000001\x00491720000002\x00CMT',
    );
    expect(scanOf({}).replaceKey()).toBeUndefined();
  });

  test('no awkward PDU, cut or mutated anywhere, throws or reads beyond its end', () => {
    const random = seededRandom(7);
    const scan = new MessageScan();
    for (const { pdu } of [...awkwardSubmits(), ...awkwardDelivers()]) {
      if (pdu.length > 1000) continue;
      for (let cut = 16; cut <= pdu.length; cut += 1) {
        const copy = Buffer.from(pdu.subarray(0, cut));
        for (let n = 0; n < 2; n += 1) copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256);
        const view = viewOf(copy);
        view.command = pdu.readUInt32BE(4);
        expect(leadingMessageId(view)).not.toMatch(/\u00ee{5}/);
        expect(cancelledMessageId(view)).not.toMatch(/\u00ee{5}/);
        if (!scan.scan(view)) continue;
        expect(`${scan.partsKey()}${scan.replaceKey()}${scan.receiptedId()}`).not.toMatch(/\u00ee{5}/);
      }
    }
  });
});

test('message ids of responses, queries and cancels', () => {
  expect(leadingMessageId(viewOf(rawPdu(0x8000_0004, 1, { body: Buffer.from('abc\0') })))).toBe('abc');
  expect(leadingMessageId(viewOf(rawPdu(0x8000_0004, 1)))).toBe('');
  expect(cancelledMessageId(viewOf(rawPdu(0x08, 1, { body: Buffer.from('CMT\0id-9\0\x01') })))).toBe('id-9');
  expect(cancelledMessageId(viewOf(rawPdu(0x08, 1, { body: Buffer.from('\0\0\x01') })))).toBe('');
});
