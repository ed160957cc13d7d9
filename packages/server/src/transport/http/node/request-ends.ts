const headEnd = Buffer.from('\r\n\r\n');
/** No piece is longer, so that little more than one request is in it, whatever the bytes are. */
const mostPieceBytes = 1024;

/**
 * Cuts what a client sends into pieces, so that a request ends where a piece ends. Nothing is read here: a head and a
 * chunked body end with an empty line, and a body of a known length where its length says. Whoever reads the pieces
 * tells the length. An empty line inside of a chunked body cuts it once more than needed.
 */
export class RequestEnds {
  /** The last bytes before the next piece, in which an empty line may have begun. */
  #last = nothing;
  #bodyBytes = 0;

  /** A head has ended, and so many bytes of a body follow. */
  expectBody(bytes: number): void {
    this.#bodyBytes = bytes;
  }

  /** Where the piece of `bytes` that begins `at` ends. It has to be read before the next one is asked for. */
  endOf(bytes: Buffer, at: number): number {
    const most = Math.min(bytes.length, at + mostPieceBytes);
    if (this.#bodyBytes > 0) {
      const end = Math.min(most, at + this.#bodyBytes);
      this.#bodyBytes -= end - at;
      return end;
    }
    const found = this.#emptyLine(bytes, at);
    const isFound = found <= most;
    const end = isFound ? found : most;
    this.#last = isFound
      ? nothing
      : Buffer.concat([this.#last, bytes.subarray(Math.max(at, end - 3), end)]).subarray(-3);
    return end;
  }

  /** Where the first empty line ends. */
  #emptyLine(bytes: Buffer, at: number): number {
    const seam =
      this.#last.length === 0 ? -1 : Buffer.concat([this.#last, bytes.subarray(at, at + 3)]).indexOf(headEnd);
    if (seam >= 0) return at + seam + headEnd.length - this.#last.length;
    const found = bytes.subarray(at, at + mostPieceBytes).indexOf(headEnd);
    return found < 0 ? Number.POSITIVE_INFINITY : at + found + headEnd.length;
  }
}

const nothing = Buffer.alloc(0);
