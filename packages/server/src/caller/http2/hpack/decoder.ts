import { huffmanText } from './huffman.ts';
import { staticTable } from './static-table.ts';

/** The table is as large as HTTP/2 has it where nobody says otherwise. */
const tableBytes = 4096;
/** What an entry takes beside its name and its value. */
const entryBytes = 32;
const staticEntries = staticTable.length;

/** A block is wrong: nothing that comes after it on its connection can be understood. */
export class HpackError extends Error {}

/** Decodes the header blocks of one connection, all of them, in their order. Texts have one character a byte. */
export class HpackDecoder {
  /** The newest last. */
  #entries: (readonly [name: string, value: string])[] = [];
  #bytes = 0;
  #mostBytes = tableBytes;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  /** @throws HpackError */
  decode(block: Buffer, header: (name: string, value: string) => void): void {
    this.#block = block;
    this.#at = 0;
    let mayResize = true;
    while (this.#at < block.length) {
      const first = block[this.#at] ?? 0;
      if ((first & 0xe0) === 0x20) {
        if (!mayResize) throw new HpackError('a size of the table behind headers');
        this.#resize(this.#integer(5));
        continue;
      }
      mayResize = false;
      if ((first & 0x80) !== 0) {
        const [name, value] = this.#entryAt(this.#integer(7));
        header(name, value);
        continue;
      }
      const isKept = (first & 0x40) !== 0;
      const index = this.#integer(isKept ? 6 : 4);
      const name = index === 0 ? this.#text() : this.#entryAt(index)[0];
      const value = this.#text();
      if (isKept) this.#keep(name, value);
      header(name, value);
    }
  }

  #entryAt(index: number): readonly [name: string, value: string] {
    const entry =
      index < staticEntries ? staticTable[index] : this.#entries[this.#entries.length - 1 - (index - staticEntries)];
    if (entry === undefined || index === 0) throw new HpackError('a header that is in no table');
    return entry;
  }

  #keep(name: string, value: string): void {
    this.#bytes += name.length + value.length + entryBytes;
    this.#entries.push([name, value]);
    this.#evict();
  }

  #resize(bytes: number): void {
    if (bytes > tableBytes) throw new HpackError('a table that is larger than allowed');
    this.#mostBytes = bytes;
    this.#evict();
  }

  #evict(): void {
    let count = 0;
    while (this.#bytes > this.#mostBytes) {
      const [name, value] = this.#entries[count] ?? ['', ''];
      this.#bytes -= name.length + value.length + entryBytes;
      count += 1;
    }
    if (count > 0) this.#entries.splice(0, count);
  }

  /** @param bits of the first byte that belong to it */
  #integer(bits: number): number {
    const mask = 2 ** bits - 1;
    let value = this.#byte() & mask;
    if (value < mask) return value;
    for (let scale = 1; scale <= 2 ** 21; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new HpackError('a number that is too large');
  }

  #byte(): number {
    const byte = this.#block[this.#at];
    if (byte === undefined) throw new HpackError('a block that ends too early');
    this.#at += 1;
    return byte;
  }

  #text(): string {
    const isPacked = ((this.#block[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#integer(7);
    const from = this.#at;
    const to = from + length;
    if (to > this.#block.length) throw new HpackError('a block that ends too early');
    this.#at = to;
    const text = isPacked ? huffmanText(this.#block, from, to) : this.#block.toString('latin1', from, to);
    if (text === undefined) throw new HpackError('a text that is no Huffman code');
    return text;
  }
}
