/** The first bytes of a database (sqlite.org/fileformat2.html#the_database_header). */
export const databaseHeaderBytes = 100;

const magic = 'SQLite format 3\0';

export interface DatabaseHeader {
  readonly pageBytes: number;
  /** How many pages the file has; 0: the header does not say. */
  readonly pages: number;
}

/** Undefined: not a database of SQLite. */
export function parseDatabaseHeader(bytes: Uint8Array<ArrayBuffer>): DatabaseHeader | undefined {
  if (bytes.byteLength < databaseHeaderBytes) return undefined;
  if (Buffer.from(bytes.subarray(0, magic.length)).toString('latin1') !== magic) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getUint16(16);
  // The count is that of the last writer who kept it up.
  const isCounted = view.getUint32(24) === view.getUint32(92);
  return { pageBytes: size === 1 ? 65_536 : size, pages: isCounted ? view.getUint32(28) : 0 };
}
