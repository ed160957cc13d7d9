/** A chunk of fewer bytes costs more memory than it has bytes, which no limit on bytes would see. */
const smallBytes = 4096;

/** Keeps what was received, so that a body which comes byte by byte takes hardly more memory than one that comes at once. */
export function addChunk(chunks: Buffer[], chunk: Buffer): void {
  const last = chunks.at(-1);
  if (last === undefined || last.length >= smallBytes || chunk.length >= smallBytes) chunks.push(chunk);
  else chunks[chunks.length - 1] = Buffer.concat([last, chunk]);
}
