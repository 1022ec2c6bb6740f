import { rawPdu } from './smpp-peer';

/** One TLV. */
export function tlv(tag: number, value: Buffer | string): Buffer {
  const bytes = Buffer.from(value);
  const head = Buffer.alloc(4);
  head.writeUInt16BE(tag, 0);
  head.writeUInt16BE(bytes.length, 2);
  return Buffer.concat([head, bytes]);
}

export interface ShortMessage {
  readonly esmClass?: number;
  readonly dataCoding?: number;
  readonly text?: Buffer;
  readonly tlvs?: readonly Buffer[];
  readonly source?: Buffer;
  readonly destination?: Buffer;
  readonly schedule?: string;
  readonly validity?: string;
  readonly serviceType?: string;
  readonly replaceIfPresent?: number;
}

/** The body of submit_sm and deliver_sm (SMPP 5.0, 4.2.1.1). */
export function smBody(message: ShortMessage = {}): Buffer {
  const text = message.text ?? Buffer.from('hello');
  return Buffer.concat([
    Buffer.from(`${message.serviceType ?? ''}\0`),
    Buffer.from([1, 1]),
    message.source ?? Buffer.from('491710000001'),
    Buffer.from([0, 1, 1]),
    message.destination ?? Buffer.from('491720000002'),
    Buffer.from([0, message.esmClass ?? 0, 0, 0]),
    Buffer.from(`${message.schedule ?? ''}\0${message.validity ?? ''}\0`),
    Buffer.from([1, message.replaceIfPresent ?? 0, message.dataCoding ?? 0, 0, text.length]),
    text,
    ...(message.tlvs ?? []),
  ]);
}

const ucs2 = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();
const udh = (hex: string, text: Buffer | string): Buffer => Buffer.concat([Buffer.from(hex, 'hex'), Buffer.from(text)]);

/** Bodies of submit_sm and deliver_sm that libraries are known to change, drop or die of. */
const bodies: Readonly<Record<string, Buffer>> = {
  plain: smBody(),
  'empty text': smBody({ text: Buffer.alloc(0) }),
  '254 octets': smBody({ text: Buffer.alloc(254, 0x41) }),
  '255 octets': smBody({ text: Buffer.alloc(255, 0x41) }),
  'UDH 8-bit concat GSM': smBody({ esmClass: 0x40, text: udh('050003cc0301', 'part one') }),
  'UDH 16-bit concat GSM': smBody({ esmClass: 0x40, text: udh('06080412340301', 'part one') }),
  'UDH concat UCS-2': smBody({ esmClass: 0x40, dataCoding: 8, text: udh('050003cc0302', ucs2('zwei €')) }),
  'UDH ports': smBody({ esmClass: 0x40, dataCoding: 4, text: udh('0605040b8423f0', 'wap') }),
  'UDH in store and forward mode': smBody({ esmClass: 0x43, text: udh('050003cc0303', 'x') }),
  'UDH in message_payload': smBody({
    esmClass: 0x40,
    text: Buffer.alloc(0),
    tlvs: [tlv(0x0424, udh('050003010201', 'long '.repeat(200)))],
  }),
  'UDH national language table': smBody({ esmClass: 0x40, text: udh('03240101', 'ğ') }),
  'UDH longer than the text': smBody({ esmClass: 0x40, text: Buffer.from('ff0003', 'hex') }),
  'UDH announced, text empty': smBody({ esmClass: 0x40, text: Buffer.alloc(0) }),
  'vendor TLV 0x1401': smBody({ tlvs: [tlv(0x1401, 'vendor')] }),
  'vendor TLV 0x3fff': smBody({ tlvs: [tlv(0x3fff, Buffer.from([0, 1, 2, 255]))] }),
  'reserved TLV': smBody({ tlvs: [tlv(0x0008, 'r')] }),
  'TLV of length 0': smBody({ tlvs: [tlv(0x1402, '')] }),
  'the same TLV twice': smBody({ tlvs: [tlv(0x0204, Buffer.from([0, 1])), tlv(0x0204, Buffer.from([0, 2]))] }),
  'int8 TLV of length 2': smBody({ tlvs: [tlv(0x0427, Buffer.from([0, 2]))] }),
  'int16 TLV of length 0': smBody({ tlvs: [tlv(0x0204, '')] }),
  'TLVs out of order': smBody({ tlvs: [tlv(0x1500, 'b'), tlv(0x0204, Buffer.from([0, 1])), tlv(0x0005, 'a')] }),
  'trailing bytes': smBody({ tlvs: [Buffer.from([1, 2, 3])] }),
  'TLV longer than the PDU': smBody({ tlvs: [Buffer.from('1400ffff41', 'hex')] }),
  'SAR TLVs': smBody({
    tlvs: [tlv(0x020c, Buffer.from([1, 2])), tlv(0x020e, Buffer.from([3])), tlv(0x020f, Buffer.from([1]))],
  }),
  'message_payload of 60000': smBody({ text: Buffer.alloc(0), tlvs: [tlv(0x0424, Buffer.alloc(60_000, 0x2a))] }),
  'validity with an offset': smBody({ validity: '261121120000008+' }),
  'validity relative': smBody({ validity: '000002000000000R' }),
  'schedule absolute': smBody({ schedule: '261122120000032-' }),
  'validity that is no time': smBody({ validity: 'tomorrow' }),
  'data_coding 0 with high bytes': smBody({ text: Buffer.from([0x80, 0x90, 0xff, 0xa7]) }),
  'data_coding 1': smBody({ dataCoding: 1, text: Buffer.from('ascii') }),
  'data_coding 3': smBody({ dataCoding: 3, text: Buffer.from('café', 'latin1') }),
  'data_coding 4': smBody({ dataCoding: 4, text: Buffer.from([0, 1, 2, 3, 255]) }),
  'data_coding 0xf5': smBody({ dataCoding: 0xf5, text: Buffer.from([9, 8, 7]) }),
  'flash UCS-2': smBody({ dataCoding: 0x18, text: ucs2('flash ✓') }),
  'UCS-2': smBody({ dataCoding: 8, text: ucs2('日本語') }),
  'UCS-2 odd length': smBody({ dataCoding: 8, text: Buffer.from([0x30, 0x42, 0x30]) }),
  'UCS-2 with BOM': smBody({ dataCoding: 8, text: Buffer.concat([Buffer.from('feff', 'hex'), ucs2('x')]) }),
  'emoji surrogates': smBody({ dataCoding: 8, text: ucs2('😀') }),
  'GSM escape at the end': smBody({ text: Buffer.from([0x1b]) }),
  'NUL in the text': smBody({ text: Buffer.from([0x41, 0, 0x42]) }),
  'source with high bytes': smBody({ source: Buffer.from([0xc4, 0xd6, 0xdc]) }),
  'source of 30 octets': smBody({ source: Buffer.alloc(30, 0x35) }),
  'empty destination': smBody({ destination: Buffer.alloc(0) }),
  'service type too long': smBody({ serviceType: 'longer than six' }),
  'replace if present': smBody({ replaceIfPresent: 1 }),
  'receipt by TLV': smBody({
    esmClass: 0x04,
    text: Buffer.from(
      'id:0123456789 sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 stat:DELIVRD err:000 text:hi',
    ),
    tlvs: [tlv(0x001e, '0123456789\0'), tlv(0x0427, Buffer.from([2]))],
  }),
  'receipt by text': smBody({ esmClass: 0x04, text: Buffer.from('ID:abcdef STAT:UNDELIV') }),
  'sm_length beyond the PDU': smBody().subarray(0, smBody().length - 2),
  'cut after the service type': Buffer.from('\0'),
  'no body': Buffer.alloc(0),
  'no NUL at all': Buffer.alloc(100, 0x7f),
};

/** An awkward request. */
export interface AwkwardPdu {
  readonly name: string;
  /** A whole PDU; the sequence number is for the test to set. */
  readonly pdu: Buffer;
}

function requests(command: number, kind: string): AwkwardPdu[] {
  return Object.entries(bodies).map(([name, body]) => ({
    name: `${kind}: ${name}`,
    pdu: rawPdu(command, 0, { body }),
  }));
}

/** Requests that an ESME bound as transceiver may send. */
export function awkwardSubmits(): AwkwardPdu[] {
  const others: Readonly<Record<string, Buffer>> = {
    'submit_sm with a status': rawPdu(0x04, 0, { body: smBody(), status: 0x99 }),
    'data_sm with a vendor TLV': rawPdu(0x103, 0, { body: Buffer.concat([Buffer.alloc(9), tlv(0x1400, 'v')]) }),
    query_sm: rawPdu(0x03, 0, { body: Buffer.from('id-1\0\x01\x01491\0') }),
    'cancel_sm without an id': rawPdu(0x08, 0, { body: Buffer.from('\0\0\x01\x01491\0\x01\x01492\0') }),
    replace_sm: rawPdu(0x07, 0, { body: Buffer.from('id\0\x01\x01491\0\0\0\x01\0\x02hi') }),
    submit_multi: rawPdu(0x21, 0, {
      body: Buffer.from('\0\x01\x01491\0\x02\x01\x01\x01492\0\x02list\0\0\0\0\0\0\0\0\0\0\x01x'),
    }),
    broadcast_sm: rawPdu(0x111, 0, { body: Buffer.concat([Buffer.alloc(12), tlv(0x0606, Buffer.from([0, 1]))]) }),
    query_broadcast_sm: rawPdu(0x112, 0, { body: Buffer.from('id\0\0\0\0') }),
    cancel_broadcast_sm: rawPdu(0x113, 0, { body: Buffer.from('\0id\0\0\0\0') }),
    'vendor command': rawPdu(0x10200, 0, { body: Buffer.from([1, 2, 3]) }),
    'unassigned command': rawPdu(0x0a, 0),
  };
  return [...requests(0x04, 'submit_sm'), ...Object.entries(others).map(([name, pdu]) => ({ name, pdu }))];
}

/** Requests that an SMSC may send to a transceiver. */
export function awkwardDelivers(): AwkwardPdu[] {
  return [
    ...requests(0x05, 'deliver_sm'),
    {
      name: 'data_sm from the SMSC',
      pdu: rawPdu(0x103, 0, { body: Buffer.concat([Buffer.alloc(9), tlv(0x1400, 'v')]) }),
    },
    { name: 'vendor command from the SMSC', pdu: rawPdu(0x10201, 0, { body: Buffer.from('x') }) },
  ];
}

/** Answers to a request: statuses with and without bodies, TLVs in them, bare ones. */
export function awkwardAnswers(request: number): AwkwardPdu[] {
  const response = (request | 0x8000_0000) >>> 0;
  const answers: Readonly<Record<string, Buffer>> = {
    'success with an id': rawPdu(response, 0, { body: Buffer.from('message-1\0') }),
    'success without a body': rawPdu(response, 0),
    'success with an id of 65 octets': rawPdu(response, 0, { body: Buffer.from(`${'f'.repeat(65)}\0`) }),
    'success with congestion_state': rawPdu(response, 0, {
      body: Buffer.concat([Buffer.from('m\0'), tlv(0x0428, Buffer.from([85]))]),
    }),
    'success with a vendor TLV': rawPdu(response, 0, { body: Buffer.concat([Buffer.from('m\0'), tlv(0x1410, 'v')]) }),
    throttled: rawPdu(response, 0, { status: 0x58 }),
    'queue full with a body': rawPdu(response, 0, { status: 0x14, body: Buffer.from('\0') }),
    'failure with delivery_failure_reason': rawPdu(response, 0, {
      status: 0x45,
      body: Buffer.concat([Buffer.from('\0'), tlv(0x0425, Buffer.from([1]))]),
    }),
    'a vendor status': rawPdu(response, 0, { status: 0x4ff }),
    'a status with the top bit': rawPdu(response, 0, { status: 0xffff_fff0 }),
    generic_nack: rawPdu(0x8000_0000, 0, { status: 0x03 }),
  };
  return Object.entries(answers).map(([name, pdu]) => ({ name, pdu }));
}
