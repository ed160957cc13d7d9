/**
 * How long a fuzz test runs, and where it goes on: each input has a number, from which it is made again.
 * `HOLDFAST_FUZZ_SECONDS` (30) and `HOLDFAST_FUZZ_FROM` (1) choose; what it prints at its end is where the
 * next slice begins.
 */
export async function fuzz(name: string, one: (seed: number) => Promise<void> | void): Promise<void> {
  const seconds = Number(process.env['HOLDFAST_FUZZ_SECONDS'] ?? '30');
  const from = Number(process.env['HOLDFAST_FUZZ_FROM'] ?? '1');
  const endMs = performance.now() + seconds * 1000;
  let seed = from;
  for (; performance.now() < endMs; seed += 1) {
    try {
      await one(seed);
    } catch (cause) {
      throw new Error(`${name}: input ${seed} (HOLDFAST_FUZZ_FROM=${seed} HOLDFAST_FUZZ_SECONDS=0.001)`, { cause });
    }
  }
  console.log(`fuzz ${name}: inputs ${from} to ${seed - 1}; go on with HOLDFAST_FUZZ_FROM=${seed}`);
}
