import { Command } from './command';
import { HEADER_BYTES } from './header';
import type { PduView } from './pdu-view';

const TAG_RECEIPTED_MESSAGE_ID = 0x001e;
const TAG_SAR_REFERENCE = 0x020c;
const TAG_SAR_TOTAL = 0x020e;
const TAG_MESSAGE_PAYLOAD = 0x0424;
const ELEMENT_CONCAT_8 = 0x00;
const ELEMENT_CONCAT_16 = 0x08;
const ESM_UDH = 0x40;
const ESM_TYPE = 0x3c;
/** esm_class message types that are receipts: SMSC receipt, SME acknowledgements, intermediate notification (SMPP 5.0, 4.7.12). */
const RECEIPT_TYPES: ReadonlySet<number> = new Set([0x04, 0x08, 0x10, 0x20]);

/**
 * The few fields of submit_sm, deliver_sm and data_sm that a balancer reads, as offsets into the PDU. One scratch object is filled
 * again and again. A PDU that cannot be read is no reason to refuse it: `scan` is false, or what was not found is undefined.
 */
export class MessageScan {
  #bytes: Buffer = Buffer.alloc(0);
  #end = 0;
  #serviceStart = 0;
  #serviceEnd = 0;
  #sourceStart = 0;
  #sourceEnd = 0;
  #destinationStart = 0;
  #destinationEnd = 0;
  #textStart = 0;
  #textEnd = 0;
  #tlvStart = 0;
  #esmClass = 0;
  #replaces = false;

  /** Reads a PDU; false when its fields are cut short or the command is not one of the three. */
  scan(pdu: PduView): boolean {
    this.#bytes = pdu.bytes;
    this.#end = pdu.end;
    switch (pdu.command) {
      case Command.SUBMIT_SM:
      case Command.DELIVER_SM:
        return this.#scanAddresses(pdu.start) && this.#scanShortMessage();
      case Command.DATA_SM:
        return this.#scanAddresses(pdu.start) && this.#scanData();
      default:
        return false;
    }
  }

  get source(): string {
    return this.#bytes.toString('latin1', this.#sourceStart, this.#sourceEnd);
  }

  get destination(): string {
    return this.#bytes.toString('latin1', this.#destinationStart, this.#destinationEnd);
  }

  get isReceipt(): boolean {
    return RECEIPT_TYPES.has(this.#esmClass & ESM_TYPE);
  }

  /** The same for all parts of one long message, whichever way it was cut: addresses, reference and number of parts; undefined for whole messages. */
  partsKey(): string | undefined {
    const parts = (this.#esmClass & ESM_UDH) !== 0 ? this.#partsOfHeader() : this.#partsOfTlvs();
    return parts === undefined ? undefined : `${this.source}\0${this.destination}\0${parts}`;
  }

  /** For a message that replaces an earlier one: what both have in common (SMPP 5.0, 4.7.24 and 4.7.25); else undefined. */
  replaceKey(): string | undefined {
    if (!this.#replaces) return undefined;
    const service = this.#bytes.toString('latin1', this.#serviceStart, this.#serviceEnd);
    return `${this.source}\0${this.destination}\0${service}`;
  }

  /** The message id that a receipt is about: the TLV, else `id:` of the text; undefined when it says none. */
  receiptedId(): string | undefined {
    const at = this.#findTlv(TAG_RECEIPTED_MESSAGE_ID);
    if (at >= 0) {
      const end = at + this.#uint16(at - 2);
      return this.#bytes.toString('latin1', at, this.#bytes[end - 1] === 0 ? end - 1 : end);
    }
    return this.#idOfText();
  }

  #scanAddresses(start: number): boolean {
    this.#serviceStart = start + HEADER_BYTES;
    this.#serviceEnd = this.#nul(this.#serviceStart);
    if (this.#serviceEnd < 0) return false;
    this.#sourceStart = this.#serviceEnd + 3;
    this.#sourceEnd = this.#nul(this.#sourceStart);
    if (this.#sourceEnd < 0) return false;
    this.#destinationStart = this.#sourceEnd + 3;
    this.#destinationEnd = this.#nul(this.#destinationStart);
    return this.#destinationEnd >= 0;
  }

  #scanShortMessage(): boolean {
    const fixed = this.#destinationEnd + 1;
    const scheduleEnd = this.#nul(fixed + 3);
    const validityEnd = scheduleEnd < 0 ? -1 : this.#nul(scheduleEnd + 1);
    if (validityEnd < 0 || validityEnd + 6 > this.#end) return false;
    this.#esmClass = this.#bytes[fixed] as number;
    this.#replaces = this.#bytes[validityEnd + 2] === 1;
    this.#textStart = validityEnd + 6;
    this.#textEnd = this.#textStart + (this.#bytes[validityEnd + 5] as number);
    this.#tlvStart = this.#textEnd;
    return this.#textEnd <= this.#end;
  }

  #scanData(): boolean {
    const fixed = this.#destinationEnd + 1;
    if (fixed + 3 > this.#end) return false;
    this.#esmClass = this.#bytes[fixed] as number;
    this.#replaces = false;
    this.#textStart = fixed;
    this.#textEnd = fixed;
    this.#tlvStart = fixed + 3;
    return true;
  }

  /** Place of the NUL that ends a C-octet string, or -1. */
  #nul(from: number): number {
    for (let at = from; at < this.#end; at += 1) if (this.#bytes[at] === 0) return at;
    return -1;
  }

  #uint16(at: number): number {
    return ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number);
  }

  /** Where the value of a TLV begins, or -1; its length stands in the two bytes before. */
  #findTlv(tag: number): number {
    let at = this.#tlvStart;
    while (at + 4 <= this.#end) {
      const value = at + 4;
      const next = value + this.#uint16(at + 2);
      if (next > this.#end) return -1;
      if (this.#uint16(at) === tag) return value;
      at = next;
    }
    return -1;
  }

  #partsOfTlvs(): string | undefined {
    if (this.#tlvStart === this.#end) return undefined;
    const reference = this.#findTlv(TAG_SAR_REFERENCE);
    const total = this.#findTlv(TAG_SAR_TOTAL);
    if (reference < 0 || total < 0 || this.#uint16(reference - 2) !== 2 || this.#uint16(total - 2) !== 1) {
      return undefined;
    }
    return partsText(this.#uint16(reference), this.#bytes[total] as number);
  }

  /** A user data header stands before the text, in short_message or in message_payload (3GPP TS 23.040, 9.2.3.24). */
  #partsOfHeader(): string | undefined {
    let from = this.#textStart;
    let to = this.#textEnd;
    if (from === to) {
      from = this.#findTlv(TAG_MESSAGE_PAYLOAD);
      if (from < 0) return undefined;
      to = from + this.#uint16(from - 2);
    }
    if (from >= to) return undefined;
    const end = from + 1 + (this.#bytes[from] as number);
    if (end > to) return undefined;
    return this.#concatElement(from + 1, end);
  }

  #concatElement(from: number, end: number): string | undefined {
    let at = from;
    while (at + 2 <= end) {
      const value = at + 2;
      const length = this.#bytes[at + 1] as number;
      if (value + length > end) return undefined;
      if (this.#bytes[at] === ELEMENT_CONCAT_8 && length === 3) {
        return partsText(this.#bytes[value] as number, this.#bytes[value + 1] as number);
      }
      if (this.#bytes[at] === ELEMENT_CONCAT_16 && length === 4) {
        return partsText(this.#uint16(value), this.#bytes[value + 2] as number);
      }
      at = value + length;
    }
    return undefined;
  }

  #idOfText(): string | undefined {
    const { from, to } = this.#text();
    const text = this.#bytes.toString('latin1', from, Math.min(to, from + 160));
    return /\bid:\s*([^\s\0]{1,65})/i.exec(text)?.[1];
  }

  #text(): { from: number; to: number } {
    if (this.#textEnd > this.#textStart) return { from: this.#textStart, to: this.#textEnd };
    const from = this.#findTlv(TAG_MESSAGE_PAYLOAD);
    return from < 0 ? { from: this.#end, to: this.#end } : { from, to: from + this.#uint16(from - 2) };
  }
}

/** A message of one part is whole. */
function partsText(reference: number, total: number): string | undefined {
  return total > 1 ? `${reference}\0${total}` : undefined;
}

const TAG_CONGESTION_STATE = 0x0428;

/** congestion_state of an answer, 0-100, or undefined; TLVs behind a message_id are looked through (SMPP 5.0, 4.8.4.18). */
export function congestionStateOf(pdu: PduView): number | undefined {
  const { bytes, end } = pdu;
  let at = pdu.start + HEADER_BYTES;
  // Most answers end with their message_id.
  while (at < end && bytes[at] !== 0) at += 1;
  at += 1;
  while (at + 5 <= end) {
    const length = bytes.readUInt16BE(at + 2);
    if (bytes.readUInt16BE(at) === TAG_CONGESTION_STATE && length === 1) return bytes[at + 4];
    at += 4 + length;
  }
  return undefined;
}

const LONGEST_ID = 65;

/** The message_id that a response, query_sm or replace_sm begins with; '' when there is none. */
export function leadingMessageId(pdu: PduView): string {
  return textAt(pdu, pdu.start + HEADER_BYTES);
}

/** The message_id of a cancel_sm, behind its service_type; '' when it cancels by addresses. */
export function cancelledMessageId(pdu: PduView): string {
  const service = pdu.bytes.indexOf(0, pdu.start + HEADER_BYTES);
  return service < 0 || service >= pdu.end ? '' : textAt(pdu, service + 1);
}

function textAt(pdu: PduView, from: number): string {
  const limit = Math.min(pdu.end, from + LONGEST_ID + 1);
  let end = from;
  while (end < limit && pdu.bytes[end] !== 0) end += 1;
  return end > from && end <= pdu.end ? pdu.bytes.toString('latin1', from, end) : '';
}
