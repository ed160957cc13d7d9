/** Bits of the code of each byte, and of the end of a text (RFC 7541, appendix B). The code is canonical. */
const lengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
] as const;

const endOfText = 256;
const longestBits = 30;

/**
 * The tree of the code: two numbers a node, what follows a 0 and a 1. Positive: another node; negative: the byte, as -1 - byte;
 * 0: nothing.
 */
const tree: readonly number[] = treeOf(lengths);

function treeOf(bitsOf: readonly number[]): number[] {
  const nodes = [0, 0];
  let code = 0;
  for (let bits = 1; bits <= longestBits; bits += 1) {
    code *= 2;
    bitsOf.forEach((length, symbol) => {
      if (length !== bits) return;
      insert(nodes, code, bits, symbol);
      code += 1;
    });
  }
  return nodes;
}

function insert(nodes: number[], code: number, bits: number, symbol: number): void {
  let at = 0;
  for (let bit = bits - 1; bit > 0; bit -= 1) {
    const slot = at + ((code >>> bit) & 1);
    if (nodes[slot] === 0) nodes[slot] = nodes.push(0, 0) - 2;
    at = nodes[slot] ?? 0;
  }
  nodes[at + (code & 1)] = -1 - symbol;
}

/** The text in these bytes, one character a byte. Undefined: it is no Huffman code. */
export function huffmanText(bytes: Buffer, from: number, to: number): string | undefined {
  let text = '';
  let at = 0;
  /** Bits since the last whole byte, and whether each was a 1: so the rest of the last byte is filled. */
  let depth = 0;
  let isAllOnes = true;
  for (let index = from; index < to; index += 1) {
    const byte = bytes[index] ?? 0;
    for (let bit = 7; bit >= 0; bit -= 1) {
      const one = (byte >>> bit) & 1;
      const next = tree[at + one] ?? 0;
      depth += 1;
      if (one === 0) isAllOnes = false;
      if (next >= 0) {
        if (next === 0) return undefined;
        at = next;
        continue;
      }
      const symbol = -1 - next;
      if (symbol === endOfText) return undefined;
      text += String.fromCharCode(symbol);
      at = 0;
      depth = 0;
      isAllOnes = true;
    }
  }
  return depth < 8 && isAllOnes ? text : undefined;
}
